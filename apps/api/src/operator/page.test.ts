import { type Database, EVENT_TYPES } from '@chorus/database';
import { pageFiles } from '@chorus/operator-page';
import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import { expect } from 'chai';
import { openDatabase } from '../testing/api.js';
import { type OperatorFixture, startOperatorApi } from '../testing/operator.js';

describe('the operator page', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: OperatorFixture;

  before(async () => {
    db = (await openDatabase()).db;
    fixture = await startOperatorApi(db);
  });
  after(async () => {
    await fixture.running.close();
    await db.$disconnect();
  });

  const open = (path: string, options?: RequestInit): Promise<Response> =>
    fetch(`${fixture.anonymous.url}${path}`, options);

  it('is served without a token, each file with its type', async () => {
    for (const { path, type, body } of pageFiles()) {
      const answer = await open(path);
      expect([answer.status, answer.headers.get('content-type')], path).to.deep.equal([200, type]);
      expect(Buffer.from(await answer.arrayBuffer()).equals(body), path).to.equal(true);
    }
  });

  it('may load and call its own host only, runs no script but its files, and cannot be framed', async () => {
    const { headers } = await open('/');
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(Object.fromEntries(policy)).to.deep.equal({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'img-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    });
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect(headers.get('referrer-policy')).to.equal('no-referrer');
    expect(headers.get('cache-control')).to.equal('no-store');
    expect(headers.get('set-cookie')).to.equal(null);
  });

  it('opens nothing else: the API needs the token, also by a path that resembles a file', async () => {
    for (const path of [
      '/nodes',
      '/rooms',
      '/page/',
      '/page/nothing.js',
      '/page/../nodes',
      '//',
      '/page%2Fmain.js',
    ]) {
      expect((await open(path)).status, path).to.equal(401);
    }
    expect((await open('/', { method: 'POST' })).status).to.equal(401);
    expect((await open('/', { method: 'HEAD' })).status).to.equal(200);
  });

  it('knows all scopes of API keys and all types of events', () => {
    const text = (name: string): string =>
      pageFiles()
        .find(({ path }) => path === `/page/${name}.js`)
        ?.body.toString() ?? '';
    const named = (name: string): string[] =>
      [...text(name).matchAll(/^ +\[?'([a-z_]+[.:-][a-z_]+)'/gm)].map(([, found = '']) => found);
    expect(named('keys/key')).to.deep.equal(KEY_SCOPE_NAMES);
    expect(named('webhooks/webhook')).to.deep.equal([...EVENT_TYPES]);
  });

  it('is not on the port of users', async () => {
    expect((await fixture.running.client.get('/')).status).to.equal(404);
    expect((await fixture.running.client.get('/page/main.js')).status).to.equal(404);
  });
});
