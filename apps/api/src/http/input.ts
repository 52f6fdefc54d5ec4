import type { z } from 'zod';
import { HttpError } from './http-error.js';

/**
 * Checks what came from outside and returns it typed.
 * @throws {HttpError} 400 that names the first field that is wrong, and what is allowed
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw new HttpError(400, `${issue.keys[0]} is not known here`);
  const field = issue?.path.join('.');
  throw new HttpError(400, field ? `${field} ${issue?.message}` : 'the body must be a JSON object');
}
