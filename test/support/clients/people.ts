import { randomBytes, randomInt } from 'node:crypto';

/** A user of a running Chorus, signed in. */
export interface Person {
  id: number;
  username: string;
  email: string;
  password: string;
  token: string;
  /** Ready to be sent as a `cookie` header. */
  cookie: string;
}

export interface Answer {
  /** Of the request. */
  method: string;
  url: string;
  status: number;
  headers: Headers;
  body: unknown;
}

export interface RequestOptions {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, with `content-type: application/json` unless `headers` say otherwise. */
  raw?: string | Uint8Array<ArrayBuffer>;
  token?: string;
  /** Names in lower case. */
  headers?: Record<string, string>;
}

/** One request and what was answered, for whoever watches. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
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
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  const { status, headers } = response;
  for (const watch of watchers) watch({ method, url, status, headers, text });
  return { method, url, status, headers, body: isJson ? JSON.parse(text) : text };
}

/** Signs a new user up and in. The name is unique: suites share servers. */
export async function createPerson(url: string, name = 'user'): Promise<Person> {
  const username = `${name}-${randomBytes(5).toString('hex')}`;
  const email = `${username}@example.com`;
  const password = 'open sesame';
  await expectOk(request(`${url}/api/users/signup`, { body: { username, email, password } }));
  return signIn(url, { username, email, password });
}

export async function signIn(
  url: string,
  person: { username: string; email: string; password: string },
): Promise<Person> {
  const { email, password } = person;
  const answer = await expectOk(request(`${url}/api/users/signin`, { body: { email, password } }));
  const [cookie = ''] = (answer.headers.getSetCookie()[0] ?? '').split(';');
  const { id } = answer.body as { id: number };
  return { ...person, id, cookie, token: cookie.replace(/^jwt=/, '') };
}

/** Creates a room with an id that no other suite has, and returns the id. */
export async function createRoom(url: string, person: Person, name?: string): Promise<number> {
  const id = randomInt(1_000, 2 ** 47);
  const body = { id, name: name ?? `room-${id}` };
  await expectOk(request(`${url}/ws/create-room`, { body, token: person.token }));
  return id;
}

async function expectOk(answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering;
  if (answer.status === 200) return answer;
  throw new Error(`expected 200, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}
