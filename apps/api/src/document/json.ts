import { z } from 'zod';
import { components, JSON_SCHEMA } from '../http/schemas.js';

export type Json = Record<string, unknown>;

/** JSON of that schema, as the document has bodies. */
export function bodyOf(schema: z.ZodType): Json {
  return { 'application/json': { schema: schemaOf(schema) } };
}

/** The schema itself, or a reference to it when it has a name. */
export function schemaOf(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
  // The library refers to named schemas only when it is given all of them.
  if (schema instanceof z.ZodArray) return { type: 'array', items: schemaOf(schema.element as z.ZodType) };
  const { $schema, ...json } = z.toJSONSchema(schema, JSON_SCHEMA);
  return json;
}
