/** A run that cannot be done, or did not come to its end; the message is one line for whoever started it. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
