import type { z } from 'zod';
import { HttpError } from './error.js';

const unknown = (name: string | undefined): HttpError => new HttpError(400, `${name} is not known here`);

/** @throws {HttpError} 400 that names the first parameter that is not known */
export function refuseUnknown(query: object, known: ReadonlySet<string>): void {
  for (const name of Object.keys(query)) if (!known.has(name)) throw unknown(name);
}

/**
 * Checks what came from outside and returns it typed.
 * @throws {HttpError} 400 that names the first field that is wrong, and what is allowed
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw unknown(issue.keys[0]);
  const field = issue?.path.join('.');
  throw new HttpError(400, field ? `${field} ${issue?.message}` : 'the body must be a JSON object');
}
