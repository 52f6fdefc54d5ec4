import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ChorusError } from '../chorus-error.js';
import { type ApiOptions, ChorusApi } from './chorus-api.js';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

describe('ChorusApi', () => {
  let server: Server;
  let url: string;
  /** Answers the next requests. */
  let respond: Respond;

  before(async () => {
    server = createServer((request, response) => respond(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const answer =
    (status: number, body: string, headers: Record<string, string> = {}): Respond =>
    (_request, response) => {
      response.writeHead(status, headers).end(body);
    };
  const api = (options: ApiOptions = {}): ChorusApi => new ChorusApi({ url, ...options });
  const failure = async (call: Promise<unknown>): Promise<ChorusError> => {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ChorusError)) throw new Error(`not a ChorusError: ${error}`);
    return error;
  };

  it('accepts an address with slashes at its end', async () => {
    const paths: unknown[] = [];
    respond = (request, response) => {
      paths.push(request.url);
      response.end('{}');
    };
    for (const end of ['/', '///', '/chat/']) await api({ url: url + end }).me();
    expect(paths).to.deep.equal(['/api/users/me', '/api/users/me', '/chat/api/users/me']);
  });

  it('refreshes with the token that a change of the password brings, also when that is in progress', async () => {
    const seen: string[] = [];
    let held: ServerResponse | undefined;
    respond = (request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`);
      if (request.method === 'PUT') held = response;
      else response.end('{}');
    };
    let token = 'old';
    const account = api({ token: () => token });
    const change = async (): Promise<void> => {
      const input = { currentPassword: 'a', newPassword: 'b' };
      ({ token = '' } = await account.changePassword(input));
    };
    const changed = change();
    while (held === undefined) await new Promise(setImmediate);
    const refreshed = account.refresh();
    await new Promise((resolve) => setTimeout(resolve, 50));
    held.end('{"id":1,"username":"ann","token":"new"}');
    await Promise.all([changed, refreshed]);
    expect(seen).to.deep.equal(['/api/users/me/password Bearer old', '/api/users/refresh Bearer new']);
    // One that fails leaves the session as it is.
    respond = answer(403, '{"error":"the current password is wrong"}');
    await failure(change());
    respond = answer(200, '{}');
    await account.refresh();
  });

  it('works and cancels requests without AbortSignal.timeout and any', async () => {
    const { timeout, any } = AbortSignal;
    Reflect.set(AbortSignal, 'timeout', undefined);
    Reflect.set(AbortSignal, 'any', undefined);
    try {
      respond = answer(200, '{"rooms":[],"nextCursor":null}');
      expect(await api().rooms({ signal: new AbortController().signal })).to.deep.include({ rooms: [] });
      respond = () => {};
      expect(await failure(api({ timeoutMs: 20 }).me())).to.include({ code: 'timeout' });
      const caller = new AbortController();
      const call = failure(api().me({ signal: caller.signal }));
      caller.abort();
      expect(await call).to.include({ code: 'aborted' });
      expect(await failure(api().me({ signal: AbortSignal.abort() }))).to.include({ code: 'aborted' });
    } finally {
      Object.assign(AbortSignal, { timeout, any });
    }
  });

  it("rejects with a ChorusError, whatever the application's functions throw", async () => {
    const broken = (): never => {
      throw new TypeError('no token today');
    };
    // Functions for the token send requests, as fetch does.
    for (const options of [{ token: broken }, { fetch: broken }]) {
      expect(await failure(api(options).me())).to.include({ code: 'network', retry: true });
    }
    expect(await failure(api({ url: broken }).me())).to.include({ code: 'exception', retry: false });
  });

  it('does not take arguments that fetch rejects for a failure of the network', async () => {
    for (const options of [{ url: 'no address' }, { url: '' }, { token: 'two\nlines' }]) {
      const error = await failure(api(options).me());
      expect(error).to.include({ code: 'exception', retry: false });
      expect(error.cause).to.be.instanceOf(TypeError);
    }
    const body: { self?: unknown } = {};
    body.self = body;
    expect(await failure(api().request('POST', '/api/rooms', { body }))).to.include({ code: 'exception' });
    const noMethod = api().request('NOT A METHOD', '/api/rooms');
    expect(await failure(noMethod)).to.include({ code: 'exception' });
  });

  for (const [status, code, retry] of [
    [400, 'bad_request', false],
    [401, 'unauthenticated', false],
    [403, 'forbidden', false],
    [404, 'not_found', false],
    [409, 'conflict', false],
    [413, 'bad_request', false],
    [418, 'bad_answer', false],
    [429, 'too_many_requests', true],
    [500, 'internal', true],
    [503, 'unavailable', true],
  ] as const) {
    it(`maps ${status} to ${code}, with the text of the API`, async () => {
      respond = answer(status, '{"error":"in its words"}');
      expect(await failure(api().me())).to.include({ code, retry, status, message: 'in its words' });
    });
  }

  for (const [status, code, retry] of [
    [400, 'invalid_field', false],
    [403, 'user_banned', false],
    [404, 'room_not_found', false],
    [429, 'too_many_requests', true],
    [503, 'not_ready', true],
  ] as const) {
    it(`takes the code of the API with a ${status}: ${code}`, async () => {
      respond = answer(status, JSON.stringify({ error: 'text of the API', code }));
      expect(await failure(api().me())).to.include({ code, retry, status, message: 'text of the API' });
    });
  }

  it('takes no code that is not a string', async () => {
    respond = answer(404, '{"error":"text of a proxy","code":404}');
    expect(await failure(api().me())).to.include({ code: 'not_found', message: 'text of a proxy' });
  });

  for (const [status, code, retry] of [
    [200, 'bad_answer', false],
    [401, 'bad_answer', false],
    [404, 'bad_answer', false],
    [429, 'bad_answer', true],
    [500, 'bad_answer', true],
    [502, 'unavailable', true],
    [503, 'unavailable', true],
    [504, 'unavailable', true],
  ] as const) {
    it(`maps ${status} from a proxy to ${code}`, async () => {
      respond = answer(status, '<h1>Hello</h1>');
      expect(await failure(api().me())).to.include({ code, retry });
    });
  }

  it('reads Retry-After in seconds and as a date', async () => {
    respond = answer(503, '{"error":"away"}', { 'Retry-After': '7' });
    expect((await failure(api().me())).retryAfterMs).to.equal(7_000);
    const start = Date.now();
    respond = answer(429, '', { 'Retry-After': new Date(start + 60_000).toUTCString() });
    const { retryAfterMs } = await failure(api().me());
    // The date has whole seconds.
    expect(retryAfterMs).to.be.within(59_000 - (Date.now() - start), 60_000);
    for (const text of ['soon', '-1', new Date(0).toUTCString()]) {
      respond = answer(503, '', { 'Retry-After': text });
      expect((await failure(api().me())).retryAfterMs, text).to.equal(undefined);
    }
  });

  it('rejects with network when no server answers, or the answer breaks off', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    const refused = await failure(api({ url: `http://127.0.0.1:${port}` }).me());
    expect(refused).to.include({ code: 'network', retry: true, status: undefined });
    expect(refused.cause).to.be.instanceOf(TypeError);
    respond = (_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"id":', () => response.destroy());
    };
    expect(await failure(api().me())).to.include({ code: 'network', retry: true });
  });

  it('rejects with timeout when the answer takes too long', async () => {
    respond = () => {};
    expect(await failure(api({ timeoutMs: 20 }).me())).to.include({ code: 'timeout', retry: true });
  });

  it('rejects with aborted when the caller cancels, before or during the request', async () => {
    respond = () => giveUp.abort();
    const giveUp = new AbortController();
    for (let round = 0; round < 2; round++) {
      expect(await failure(api().me({ signal: giveUp.signal }))).to.include({ code: 'aborted', retry: true });
    }
  });

  it('sends the given token, or that of the function, but not to sign in', async () => {
    const sent: Array<string | undefined> = [];
    respond = ({ headers }, response) => {
      sent.push(headers.authorization);
      response.end('{}');
    };
    let asked = 0;
    const token = async (): Promise<string> => `token-${++asked}`;
    await api({ token: 'mine' }).me();
    await api({ token }).me();
    await api({ token }).signIn({ email: '', password: '' });
    await api({ token }).signUp({ username: '', email: '', password: '' });
    await api({ token: () => undefined }).me();
    await api().me();
    expect(sent).to.deep.equal(['Bearer mine', 'Bearer token-1', undefined, undefined, undefined, undefined]);
    expect(asked).to.equal(1);
  });

  it('sends cookies to other origins unless there is a token', async () => {
    const modes: unknown[] = [];
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      modes.push(init?.credentials);
      return Response.json({});
    };
    await api({ fetch }).me();
    await api({ fetch, token: () => undefined }).me();
    await api({ fetch, token: 'mine' }).me();
    await api({ fetch, token: () => undefined }).signIn({ email: '', password: '' });
    expect(modes).to.deep.equal(['include', 'include', 'omit', 'omit']);
  });

  it('uses the given address, also when it changes, and below a path', async () => {
    const paths: Array<string | undefined> = [];
    respond = (request, response) => {
      paths.push(request.url);
      response.end('[]');
    };
    let prefix = '/one';
    const moving = api({ url: () => url + prefix });
    await moving.members(1);
    prefix = '/two';
    await moving.rooms({ limit: 5, cursor: undefined });
    expect(paths).to.deep.equal(['/one/ws/get-clients/1', '/two/api/rooms?limit=5']);
  });
});
