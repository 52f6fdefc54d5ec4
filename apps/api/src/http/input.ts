import { Refusal } from '@chorus/protocol';
import type { z } from 'zod';

/** @throws {Refusal} 400 that names the first unknown parameter */
export function refuseUnknown(query: object, known: ReadonlySet<string>): void {
  for (const name of Object.keys(query)) if (!known.has(name)) throw new Refusal('unknown_field', name);
}

/**
 * Validates input from outside and returns it typed.
 * @throws {Refusal} 400 that names the first invalid field and the allowed values
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw new Refusal('unknown_field', String(issue.keys[0]));
  const field = issue?.path.join('.');
  throw field ? new Refusal('invalid_field', field, String(issue?.message)) : new Refusal('body_not_object');
}
