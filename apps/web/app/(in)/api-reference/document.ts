/** The parts of an OpenAPI document that the reference shows. */
import { z } from 'zod';

const Schema = z.record(z.string(), z.unknown());
export type Schema = z.infer<typeof Schema>;
const Content = z.record(z.string(), z.object({ schema: Schema }));
const Operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()),
  security: z.array(z.unknown()).optional(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().optional(),
        description: z.string().optional(),
        schema: Schema,
      }),
    )
    .optional(),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: Content.optional() })),
});
export const OpenApiDocument = z.object({
  info: z.object({ description: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  components: z.object({ schemas: z.record(z.string(), Schema) }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
});
export type OpenApiDocument = z.infer<typeof OpenApiDocument>;
export type ShownOperation = z.infer<typeof Operation> & { method: string; path: string };

export function operationsByTag(document: OpenApiDocument) {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): ShownOperation => ({ ...operation, method, path })),
  );
  return document.tags.map(({ name, description }) => ({
    tag: name,
    about: description,
    operations: all.filter((operation) => operation.tags.includes(name)),
  }));
}

/** Follows a `$ref` into the components, if it is one. */
export function resolve(schema: Schema, document: OpenApiDocument): { name: string | null; schema: Schema } {
  const name = typeof schema.$ref === 'string' ? (schema.$ref.split('/').at(-1) ?? '') : null;
  return name === null ? { name, schema } : { name, schema: document.components.schemas[name] ?? {} };
}

/** An example of what the schema describes: the one it names, or one made from its parts. */
export function exampleOf(schema: Schema, document: OpenApiDocument, depth = 0): unknown {
  const { schema: own } = resolve(schema, document);
  if ('example' in own) return own.example;
  if ('default' in own) return own.default;
  if (Array.isArray(own.enum)) return own.enum[0];
  const choice = own.oneOf ?? own.anyOf;
  if (Array.isArray(choice)) return exampleOf(choice[0] as Schema, document, depth + 1);
  const type = Array.isArray(own.type) ? own.type[0] : own.type;
  if (depth > 6) return null;
  if (type === 'object' && own.properties) {
    const parts = Object.entries(own.properties as Record<string, Schema>);
    return Object.fromEntries(parts.map(([key, part]) => [key, exampleOf(part, document, depth + 1)]));
  }
  if (type === 'array') return [exampleOf((own.items ?? {}) as Schema, document, depth + 1)];
  if (type === 'integer' || type === 'number') return own.minimum ?? 0;
  if (type === 'boolean') return false;
  if (type === 'object') return {};
  return own.format === 'date-time' ? '2026-11-20T19:00:00.000Z' : '…';
}
