/** A request that ends with an error status. Its message is what the client reads. */
export class HttpError extends Error {
  override name = 'HttpError';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Something that the request needs is away. The client may try again after `retryAfterSeconds`. */
export function unavailable(cause?: unknown, retryAfterSeconds = 1): HttpError {
  return new HttpError(
    503,
    'temporarily unavailable, try again',
    { 'Retry-After': String(retryAfterSeconds) },
    { cause },
  );
}
