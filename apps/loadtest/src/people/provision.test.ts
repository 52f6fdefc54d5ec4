import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Tokens } from '@chorus/auth';
import { freePort } from '@chorus/local';
import { expect } from 'chai';
import { ProvisionError } from './api-client.js';
import { type ProvisionOptions, provision } from './provision.js';

const SECRET = 'a secret of tests that is long enough';
const OPTIONS: ProvisionOptions = {
  api: undefined,
  secret: undefined,
  password: 'open sesame',
  prefix: 'load',
  users: 3,
  rooms: 2,
  roomIds: undefined,
  ttlSeconds: 60,
  progress: () => {},
};

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Successful responses are tested with the real API; these are its failures. */
describe('accounts and rooms for a run', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  const serve = async (reply: (path: string) => Reply): Promise<string> => {
    const server = createServer((request, response) => {
      request.resume();
      const { status, body = {}, headers = {} } = reply(request.url ?? '');
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const failure = async (options: Partial<ProvisionOptions>): Promise<string> => {
    const error = await provision({ ...OPTIONS, ...options }).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(ProvisionError);
    const { message } = error as Error;
    expect(message).to.not.include('\n');
    return message;
  };

  it('are created without requests when there is a secret and the rooms are known', async () => {
    const before = Date.now();
    const { identities, roomIds } = await provision({ ...OPTIONS, secret: SECRET, roomIds: [5, 6] });
    expect(roomIds).to.deep.equal([5, 6]);
    expect(identities.map(({ username }) => username)).to.deep.equal(['load-1', 'load-2', 'load-3']);
    expect(new Set(identities.map(({ userId }) => userId)).size).to.equal(3);
    const tokens = new Tokens(SECRET);
    for (const { userId, username, token } of identities) {
      const check = tokens.verify(token);
      expect(check.ok && check.token.user).to.deep.equal({ id: userId, username });
      // Tokens expire at whole seconds.
      expect(check.ok && check.token.expiresAt).to.be.within(before + 59_000, Date.now() + 60_000);
    }
  });

  it('fail in one line where no server listens', async () => {
    const api = `http://127.0.0.1:${await freePort()}`;
    expect(await failure({ api })).to.equal(`--api ${api} cannot be reached: ECONNREFUSED`);
  });

  it('fail in one line with the remedy when the API limits sign-ups', async () => {
    const api = await serve((path) =>
      path.endsWith('signin')
        ? { status: 401 }
        : { status: 429, body: { error: 'too many attempts' }, headers: { 'retry-after': '840' } },
    );
    expect(await failure({ api })).to.equal(
      `--api ${api}: a sign-up was answered with 429, again in 840 s: too many attempts; raise SIGNUP_ATTEMPTS_PER_ADDRESS there, ask for fewer --users, or give --secret`,
    );
  });

  it('fail in one line for a server that is not Chorus', async () => {
    const api = await serve(() => ({ status: 404, body: 'what?' }));
    expect(await failure({ api })).to.equal(`--api ${api}: a sign-in was answered with 404`);
    expect(await failure({ api, secret: SECRET })).to.equal(
      `--api ${api}: a list of rooms was answered with 404`,
    );
  });

  it('fail in one line when another user has the account', async () => {
    const api = await serve((path) => ({ status: path.endsWith('signin') ? 401 : 409 }));
    expect(await failure({ api })).to.equal(
      `--api ${api}: load-1 has another password; set LOADTEST_PASSWORD, or choose another --prefix`,
    );
  });

  it('wait for a busy API', async () => {
    let asked = 0;
    const api = await serve((path) => {
      if (path.startsWith('/api/rooms')) return { status: 200, body: { rooms: [], nextCursor: null } };
      asked += 1;
      return asked < 3
        ? { status: 503, headers: { 'retry-after': '0' } }
        : {
            status: 200,
            body: { id: 7, username: 'load-1' },
            headers: { 'set-cookie': 'jwt=abc.def; HttpOnly; Path=/' },
          };
    });
    const { identities } = await provision({ ...OPTIONS, api, users: 1, roomIds: [1] });
    expect(identities).to.deep.equal([{ userId: 7, username: 'load-1', token: 'abc.def' }]);
    expect(asked).to.equal(3);
  });
});
