/** Options that cannot be used. The message is one line: the option, its value, and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
