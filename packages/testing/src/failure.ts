/**
 * The error that a call rejects with.
 *
 * @throws {Error} if the call resolves
 */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  const result = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in result) return result.error;
  throw new Error(`did not fail but resolved with ${JSON.stringify(result.value)}`);
}
