import { HTTP_ERROR_CODES } from '@chorus/protocol';
import { z } from 'zod';

type JsonSchema = Readonly<Record<string, unknown>>;

/** The schemas that have a name in the OpenAPI document. */
export const components = z.registry<{ id: string }>();

/** Schemas whose JSON Schema is written by hand instead of generated. */
const written = z.registry<{ schema: JsonSchema }>();

/** Gives a schema a name in the OpenAPI document. The name must be unique. */
export function named<S extends z.ZodType>(id: string, schema: S): S {
  components.add(schema, { id });
  return schema;
}

/**
 * Sets the JSON Schema of a schema that cannot be generated. It must accept every value that the code accepts; a test
 * compares both.
 */
export function writtenAs<S extends z.ZodType>(schema: S, jsonSchema: JsonSchema): S {
  written.add(schema, { schema: jsonSchema });
  return schema;
}

/** Options of {@link z.toJSONSchema} for the OpenAPI document. */
export const JSON_SCHEMA = {
  target: 'draft-2020-12',
  io: 'input',
  override({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: object }): void {
    const entry = written.get(zodSchema);
    if (entry === undefined) return;
    for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
    Object.assign(jsonSchema, entry.schema);
  },
} as const;

const error = z.string().describe('What is wrong, for people.');

/** Body of every failure, except on routes of the original service. */
export const failure = named(
  'Error',
  z
    .object({ error, code: z.enum(HTTP_ERROR_CODES).describe('What is wrong, for programs. Stable.') })
    .describe('Every failure on the routes that the original service did not have.'),
);

/** Body of every failure of a route of the original service. */
export const originalFailure = named(
  'OriginalError',
  z.object({ error }).describe('Every failure on a route of the original service.'),
);
