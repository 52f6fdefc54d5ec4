import type { JSONWebKeySet } from 'jose';

/** Bytes of the largest key set that is read: some hundred keys. */
const MAX_BYTES = 262_144;
/** Keys of the largest key set that is accepted. */
const MAX_KEYS = 100;

/**
 * Reads a JSON Web Key Set (RFC 7517). Redirects are not followed: the operator has named the URL.
 * @param withinMs time within which the whole answer must have arrived
 * @throws {Error} why there is none, without anything of the answer
 */
export async function readKeys(url: string, withinMs: number): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(withinMs);
  try {
    const headers = { accept: 'application/jwk-set+json, application/json' };
    const response = await fetch(url, { headers, redirect: 'manual', signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`it answered ${response.status}`);
    }
    return keySetIn(await readText(response));
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${withinMs} ms`);
    const { cause } = error instanceof Error ? error : { cause: undefined };
    throw cause instanceof Error ? new Error(cause.message || String(cause)) : error;
  }
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop closes the connection.
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`its answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function keySetIn(text: string): JSONWebKeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('its answer is not JSON');
  }
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) {
    throw new Error(`its answer is no set of 1 to ${MAX_KEYS} keys`);
  }
  // The library skips those that it does not know; a secret key could verify what anyone can sign.
  return { keys: keys.filter((key) => typeof key === 'object' && key !== null && key.kty !== 'oct') };
}
