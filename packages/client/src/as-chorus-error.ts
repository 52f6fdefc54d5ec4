import { ChorusError } from './chorus-error.js';

/** What was thrown by what the application brought along, as an error of this package; such a thing can be tried again. */
export function asChorusError(cause: unknown): ChorusError {
  return cause instanceof ChorusError ? cause : new ChorusError('network', String(cause), true, { cause });
}
