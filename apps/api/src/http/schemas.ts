import { z } from 'zod';

type JsonSchema = Readonly<Record<string, unknown>>;

/** The schemas that the API's document has by name. */
export const components = z.registry<{ id: string }>();

/** What the document says in the place of what would be made of a schema. */
const written = z.registry<{ schema: JsonSchema }>();

/** Gives a schema a name in the API's document, which must be the only one of that name. */
export function named<S extends z.ZodType>(id: string, schema: S): S {
  components.add(schema, { id });
  return schema;
}

/**
 * Says in JSON Schema what a schema says in code. What the document says must allow whatever the code allows; a test
 * compares both.
 */
export function writtenAs<S extends z.ZodType>(schema: S, jsonSchema: JsonSchema): S {
  written.add(schema, { schema: jsonSchema });
  return schema;
}

/** How {@link z.toJSONSchema} has to be called for the API's document. */
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

/** Every failure. */
export const failure = named(
  'Error',
  z.object({ error: z.string().describe('What is wrong, for people.') }).describe('Every failure.'),
);
