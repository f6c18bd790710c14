/** Bodies of requests: parsed strictly, refused in Azure's words. */
import { z } from 'zod';
import { ArmError } from './error.ts';

/** What callers send back of what they were shown: read, and without effect. */
export const shown = z
  .unknown()
  .transform(() => undefined)
  .optional();

/** A reference to another resource, wherever it stands: only its id counts. */
export const reference = z
  .looseObject({ id: z.string().startsWith('/subscriptions/') })
  .transform(({ id }) => id);

export const tags = z.record(z.string().min(1).max(512), z.string().max(256));

/** A resource's body. `more` are fields beside `properties`, such as `sku`. */
export const resourceBody = <P extends z.ZodType, M extends z.ZodRawShape>(properties: P, more: M) =>
  z.strictObject({
    id: shown,
    name: shown,
    type: shown,
    etag: shown,
    systemData: shown,
    location: z.string().optional(),
    tags: tags.optional(),
    properties,
    ...more,
  });

/** Parses text by a schema; nulls count as absent. @throws ArmError 400 */
export function parseBody<T>(text: string, schema: z.ZodType<T>, namespace: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text === '' ? '{}' : text);
  } catch (error) {
    throw new ArmError(
      400,
      'InvalidRequestContent',
      `The request content was invalid and could not be deserialized: '${(error as Error).message}'.`,
    );
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ArmError(
      400,
      'InvalidRequestContent',
      "The request content was invalid and could not be deserialized: 'an object was expected'.",
    );
  const parsed = schema.safeParse(withoutNulls(json));
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => {
    const at = pathText(issue.path);
    const message =
      issue.code === 'unrecognized_keys'
        ? `Could not find member '${issue.keys.join("', '")}' on the object. Path '${at}'.`
        : `${issue.message}. Path '${at}'.`;
    return { code: 'InvalidJson', message, target: at };
  });
  const first = details[0] ?? { code: 'InvalidJson', message: 'The body is not valid.', target: '' };
  if (namespace === 'Microsoft.Network')
    throw new ArmError(400, 'InvalidRequestFormat', `Cannot parse the request. ${first.message}`, {
      details,
    });
  if (namespace === 'Microsoft.Compute')
    throw new ArmError(400, 'InvalidParameter', first.message, { target: first.target });
  throw new ArmError(
    400,
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: '${first.message}'`,
  );
}

const pathText = (path: readonly PropertyKey[]) =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => each !== null).map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null)
      .map(([key, each]) => [key, withoutNulls(each)]),
  );
}
