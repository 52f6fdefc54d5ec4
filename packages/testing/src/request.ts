/** A request's answer. */
export interface Answer {
  /** Of the request. */
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** Parsed if it is JSON, otherwise the text. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  readonly body: any;
}

export interface RequestOptions {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, with `content-type: application/json` unless `headers` say otherwise. */
  raw?: string | Uint8Array<ArrayBuffer> | undefined;
  token?: string;
  headers?: Readonly<Record<string, string>>;
}

/** A request, and its answer with the body as it was received. */
export interface Exchange extends Omit<Answer, 'body'> {
  readonly text: string;
}

const watchers = new Set<(exchange: Exchange) => void>();

/** Calls `watcher` after each {@link request} of this process. @returns a function that ends it */
export function watchRequests(watcher: (exchange: Exchange) => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** One request with a JSON body, or none; the answer's body is parsed when it is JSON. */
export async function request(url: string, options: RequestOptions = {}): Promise<Answer> {
  const { token } = options;
  const body = options.body === undefined ? options.raw : JSON.stringify(options.body);
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  const sent = new Headers(options.headers);
  if (body !== undefined && !sent.has('content-type')) sent.set('content-type', 'application/json');
  if (token !== undefined && !sent.has('authorization')) sent.set('authorization', `Bearer ${token}`);
  const response = await fetch(url, { method, headers: sent, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
  const { status, headers } = response;
  for (const watch of watchers) watch({ method, url, status, headers, text });
  return { method, url, status, headers, body: isJson ? JSON.parse(text) : text };
}
