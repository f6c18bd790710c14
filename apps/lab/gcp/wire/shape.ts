/**
 * The form of a request's body, and the front door's check of it: Google refuses fields it does not know and
 * values of the wrong type before the service sees them.
 */
import { GoogleError } from './errors.ts';

/**
 * `kept` is stored and returned and changes nothing the lab does; `absent` is a field Google has and the lab does
 * not: it is refused rather than silently without effect; `output` is ignored, as Google ignores it in requests.
 */
type Leaf = 'string' | 'bool' | 'int' | 'int64' | 'labels' | 'kept' | 'absent' | 'output';
export type Shape = Leaf | readonly [Shape] | { readonly [name: string]: Shape };
export type ObjectShape = { readonly [name: string]: Shape };

/** What a body of that shape holds after the check. 64-bit integers are text, as in Google's JSON. */
export type Value<S> = S extends 'string' | 'int64'
  ? string
  : S extends 'bool'
    ? boolean
    : S extends 'int'
      ? number
      : S extends 'labels'
        ? Record<string, string>
        : S extends 'kept'
          ? unknown
          : S extends 'absent' | 'output'
            ? undefined
            : S extends readonly [infer E]
              ? Value<E>[]
              : { -readonly [K in keyof S]?: Value<S[K]> | undefined };

/**
 * Checks `json` and returns it without output-only fields and nulls.
 * @param root Google's name of the body, such as `resource`: what its messages call it.
 * @throws GoogleError 400 for an unknown name, a wrong type, or a field the lab does not have.
 */
export function checkBody<S extends ObjectShape>(json: unknown, shape: S, root: string): Value<S> {
  return check(json, shape, root, root) as Value<S>;
}

function check(json: unknown, shape: Shape, at: string, root: string): unknown {
  if (typeof shape === 'string') return checkLeaf(json, shape, at);
  if (isList(shape)) {
    if (!Array.isArray(json)) throw wrongType(at, 'TYPE_MESSAGE', json);
    return json.map((each, index) => check(each, shape[0], `${at}[${index}]`, root));
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw wrongType(at, 'TYPE_MESSAGE', json);
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (field === undefined) throw unknownName(name, at);
    // In proto3 JSON null is the same as not said.
    if (value === null || field === 'output') continue;
    result[name] = check(value, field, `${at}.${name}`, root);
  }
  return result;
}

const isList = (shape: Exclude<Shape, string>): shape is readonly [Shape] => Array.isArray(shape);

function checkLeaf(json: unknown, leaf: Leaf, at: string): unknown {
  switch (leaf) {
    case 'string':
      if (typeof json !== 'string') throw wrongType(at, 'TYPE_STRING', json);
      return json;
    case 'bool':
      if (typeof json !== 'boolean') throw wrongType(at, 'TYPE_BOOL', json);
      return json;
    case 'int': {
      const number = typeof json === 'string' && /^-?\d+$/.test(json) ? Number(json) : json;
      if (!Number.isInteger(number)) throw wrongType(at, 'TYPE_INT32', json);
      return number;
    }
    case 'int64':
      if (!/^-?\d+$/.test(String(json))) throw wrongType(at, 'TYPE_INT64', json);
      return String(json);
    case 'labels':
      if (typeof json !== 'object' || Array.isArray(json)) throw wrongType(at, 'TYPE_MESSAGE', json);
      for (const [key, value] of Object.entries(json as object))
        if (typeof value !== 'string') throw wrongType(`${at}[${key}].value`, 'TYPE_STRING', value);
      return json;
    case 'absent':
      if (isEmpty(json)) return undefined;
      throw new GoogleError(400, 'invalid', `Invalid value for field '${at}': the lab does not have it.`);
    default:
      return json;
  }
}

/** Clients send default values of fields nobody set. */
const isEmpty = (json: unknown) =>
  json === '' || json === false || json === 0 || (Array.isArray(json) && json.length === 0);

export function unknownName(name: string, at: string | null): GoogleError {
  const where = at === null ? '' : ` at '${at}'`;
  const why =
    at === null
      ? `Cannot bind query parameter. Field '${name}' could not be found in request message.`
      : 'Cannot find field.';
  return badPayload(`Invalid JSON payload received. Unknown name "${name}"${where}: ${why}`, at);
}

function wrongType(at: string, type: string, value: unknown): GoogleError {
  return badPayload(`Invalid value at '${at}' (${type}), ${JSON.stringify(value)}`, at);
}

export function badPayload(message: string, field: string | null): GoogleError {
  return new GoogleError(400, 'badRequest', message, {
    front: true,
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [{ ...(field === null ? {} : { field }), description: message }],
      },
    ],
  });
}
