/** The answer to a request. */
export interface Asked {
  /** 0 without an answer, or with one of the balancer's. */
  readonly status: number;
  /** Parsed; undefined unless the status is 2xx. */
  readonly body: unknown;
}

/** Every request of the API times out sooner, in milliseconds: without an answer by then, none will come. */
const REQUEST_MS = 15_000;
const NO_ANSWER: Asked = { status: 0, body: undefined };

/** Where and as whom requests are sent. Requests that fail have the status 0. */
export interface Caller {
  readonly url: string;
  readonly token: string;
  readonly signal: AbortSignal;
}

/** Sends a request once. @throws only if the run was aborted */
export async function ask(
  { url, token, signal }: Caller,
  method: string,
  path: string,
  body?: object,
): Promise<Asked> {
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    });
    const { status, ok } = response;
    if (status === 502) return NO_ANSWER;
    const text = await response.text();
    return { status, body: ok && text !== '' ? JSON.parse(text) : undefined };
  } catch {
    signal.throwIfAborted();
    return NO_ANSWER;
  }
}
