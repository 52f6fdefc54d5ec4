import { z } from 'zod';
import { components, JSON_SCHEMA } from '../http/schemas.js';

export type Json = Record<string, unknown>;

/** Returns the OpenAPI content of a JSON body with this schema. */
export function bodyOf(schema: z.ZodType): Json {
  return { 'application/json': { schema: schemaOf(schema) } };
}

/** Returns the schema, or a reference to it if it has a name. */
export function schemaOf(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
  // The library makes references only when it converts all named schemas together.
  if (schema instanceof z.ZodArray) return { type: 'array', items: schemaOf(schema.element as z.ZodType) };
  const { $schema, ...json } = z.toJSONSchema(schema, JSON_SCHEMA);
  return json;
}
