/** Options that cannot be used. Its message is one line: which option, what was given, what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
