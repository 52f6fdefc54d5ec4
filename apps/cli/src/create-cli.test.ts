import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { runCli } from './create-cli.js';

const TOKEN = 'the-operator-token';
const KEY = {
  id: 'abcdefghijkl',
  name: 'billing',
  scopes: ['rooms:write', 'act-as'],
  botId: null,
  messagesPerSecond: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};

interface Seen {
  readonly request: string;
  readonly token: string | undefined;
  readonly body: string;
}

describe('the command line for operators', () => {
  let server: Server;
  let url: string;
  let seen: Seen[];
  let answers: Array<readonly [status: number, body?: unknown]>;

  before((done) => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { method, url: path, headers } = request;
      seen.push({ request: `${method} ${path}`, token: headers.authorization, body });
      const [status = 500, answer] = answers.shift() ?? [];
      response.writeHead(status, { location: 'http://127.0.0.1:1/' });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    }).listen(0, '127.0.0.1', done);
  });
  before(() => {
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    seen = [];
    answers = [];
  });
  after(() => server.close());

  async function run(args: readonly string[], env: object = {}) {
    let [stdout, stderr] = ['', ''];
    const status = await runCli(args, {
      env: { CHORUS_OPERATOR_URL: `${url}/`, CHORUS_OPERATOR_TOKEN: TOKEN, ...env },
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    });
    return { status, stdout, stderr };
  }
  const CREATE = ['keys', 'create', '--name', 'billing', '--scopes', 'rooms:write, act-as'];

  it('creates a key, and prints it alone', async () => {
    answers = [[201, { ...KEY, key: 'chk_x' }]];
    expect(await run(CREATE)).to.deep.equal({ status: 0, stdout: 'chk_x\n', stderr: '' });
    expect(seen).to.deep.equal([
      {
        request: 'POST /keys',
        token: `Bearer ${TOKEN}`,
        body: '{"name":"billing","scopes":["rooms:write","act-as"]}',
      },
    ]);
    answers = [[201, { ...KEY, key: 'chk_x' }]];
    await run([...CREATE, '--bot', '7', '--messages-per-second', '50', '--expires', '2030-01-31T12:00:00Z']);
    const given = { botId: '7', messagesPerSecond: 50, expiresAt: '2030-01-31T12:00:00Z' };
    expect(JSON.parse(seen[1]?.body ?? '')).to.include(given);
  });

  it('lists all keys, page by page', async () => {
    const other = { ...KEY, id: 'other', revokedAt: '2026-02-01T00:00:00.000Z' };
    answers = [
      [200, { keys: [KEY], nextCursor: KEY.id }],
      [200, { keys: [other], nextCursor: null }],
    ];
    const { stdout } = await run(['keys', 'list']);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2))).to.deep.equal([
      ['Id', 'Name'],
      [KEY.id, 'billing'],
      ['other', 'billing'],
      [''],
    ]);
    expect(stdout).to.include('revoked 2026-02-01').and.to.include('valid');
    expect(seen.map(({ request }) => request)).to.deep.equal([
      'GET /keys?limit=100',
      `GET /keys?limit=100&cursor=${KEY.id}`,
    ]);
  });

  it('prints the link by which a user chooses a new password', async () => {
    const link = { userId: 7, token: 'x', path: '/api/reset-password#x', expiresAt: KEY.createdAt };
    const args = ['users', 'reset-link', '7'];
    answers = [
      [201, link],
      [201, link],
      [201, link],
    ];
    expect((await run(args)).stdout).to.equal('/api/reset-password#x\n');
    expect((await run([...args, '--url', 'https://chat.example/'])).stdout).to.equal(
      'https://chat.example/api/reset-password#x\n',
    );
    expect(JSON.parse((await run([...args, '--json'])).stdout)).to.deep.equal(link);
    expect(seen[0]).to.include({ request: 'POST /users/7/reset-link', body: '' });
  });

  it('prints JSON with --json, before or behind the command', async () => {
    for (const args of [
      ['--json', 'keys', 'list'],
      ['keys', 'list', '--json'],
    ]) {
      answers = [[200, { keys: [KEY], nextCursor: null }]];
      const [found] = JSON.parse((await run(args)).stdout);
      expect(found).to.include({ id: KEY.id, name: 'billing' });
    }
    answers = [[204]];
    expect((await run(['keys', 'revoke', KEY.id, '--json'])).stdout).to.equal(
      `{"id":"${KEY.id}","revoked":true}\n`,
    );
    expect(seen.at(-1)?.request).to.equal(`DELETE /keys/${KEY.id}`);
  });

  it('fails in one line', async () => {
    const list = ['keys', 'list'];
    const cases: Array<readonly [RegExp, readonly string[], object?, (readonly [number, unknown])?]> = [
      [/^CHORUS_OPERATOR_URL is not set\n$/, list, { CHORUS_OPERATOR_URL: '' }],
      [/^CHORUS_OPERATOR_TOKEN is not set\n$/, list, { CHORUS_OPERATOR_TOKEN: undefined }],
      [/^CHORUS_OPERATOR_URL is not valid: .*\n$/, list, { CHORUS_OPERATOR_URL: 'localhost:9000' }],
      [/^CHORUS_OPERATOR_TOKEN is not valid: .*\n$/, list, { CHORUS_OPERATOR_TOKEN: 'a b' }],
      [/^http:\/\/127.0.0.1:1 does not answer: .*\n$/, list, { CHORUS_OPERATOR_URL: 'http://127.0.0.1:1' }],
      [/^the operator token is not valid\n$/, list, {}, [401, { error: 'the operator token is not valid' }]],
      [/^.* answered 200: is it an operator port\?\n$/, list, {}, [200, '<html>']],
      [/^.* answered 500: is it an operator port\?\n$/, list, {}, [500, 'x']],
      [/^.* does not answer: .*redirect.*\n$/, list, {}, [302, '']],
      [/^the server answered something else: .*\n$/, list, {}, [200, {}]],
      [/^error: required option '--scopes <scopes>' not specified\n$/, ['keys', 'create', '--name', 'x']],
      [/^error: missing required argument 'id'\n$/, ['keys', 'revoke']],
      [/^error: unknown command 'kyes'\n/, ['kyes']],
      [/^nothing to change: give --name.*\n$/, ['rooms', 'change', '1']],
      [/^nothing to change: give --url.*\n$/, ['webhooks', 'change', '1']],
      [/^--enable and --disable exclude each other\n$/, ['webhooks', 'change', '1', '--enable', '--disable']],
      [/^give either --event, or --from and --to\n$/, ['webhooks', 'redeliver', '1', '--from', 'x']],
      [
        /^error: option '--slow-mode .* It must be a number.\n$/,
        ['rooms', 'change', '1', '--slow-mode', 'x'],
      ],
    ];
    for (const [line, args, env, answer] of cases) {
      answers = answer === undefined ? [] : [answer];
      const { status, stdout, stderr } = await run(args, env);
      expect([status, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.match(line);
      expect(stderr).to.not.include(TOKEN);
    }
  });

  it('explains itself', async () => {
    const { status, stdout } = await run(['keys', 'create', '--help']);
    expect(status).to.equal(0);
    expect(stdout).to.include('messages:write');
    expect((await run(['--help'])).stdout).to.include('CHORUS_OPERATOR_URL');
  });
});
