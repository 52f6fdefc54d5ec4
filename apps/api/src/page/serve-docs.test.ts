import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase, type RunningApi, startApi } from '../testing/api.js';

const INDEX = '<!doctype html><title>Documentation</title>';
const NOT_FOUND = '<!doctype html><title>No such page</title>';
const GUIDE = `<!doctype html><title>Scale</title>${'x'.repeat(1_000)}`;

describe('the documentation', function () {
  this.timeout(60_000);
  let folder: string;
  let db: Database;
  let running: RunningApi;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-docs-'));
    await mkdir(join(folder, 'how-to'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), INDEX);
    await writeFile(join(folder, '404.html'), NOT_FOUND);
    await writeFile(join(folder, 'how-to/scale.html'), GUIDE);
    await writeFile(join(folder, 'how-to/scale.html.gz'), gzipSync(GUIDE));
    await writeFile(join(folder, 'assets/site-ABCDEFGH.js'), '1');
    db = (await openDatabase()).db;
    running = await startApi(db, { DOCS_DIR: folder });
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
    await rm(folder, { recursive: true });
  });

  const open = async (path: string, options: RequestInit = {}) => {
    const answer = await fetch(running.client.url + path, { redirect: 'manual', ...options });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  it('is below /docs/, to which /docs leads', async () => {
    const { status, headers } = await open('/docs');
    expect([status, headers.get('location')]).to.deep.equal([308, 'docs/']);
    const index = await open('/docs/');
    expect([index.status, index.text]).to.deep.equal([200, INDEX]);
    expect((await open('/docs/index.html')).text).to.equal(INDEX);
    expect(index.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect((await open('/docs/how-to/scale.html')).text).to.equal(GUIDE);
  });

  it('is revalidated each time, except files that are named after their content', async () => {
    const page = await open('/docs/how-to/scale.html');
    expect(page.headers.get('cache-control')).to.equal('no-cache');
    // Of its own accord `fetch` would ask for a full answer.
    const headers = { 'If-None-Match': page.headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' };
    expect((await open('/docs/how-to/scale.html', { headers })).status).to.equal(304);
    const script = await open('/docs/assets/site-ABCDEFGH.js');
    expect(script.headers.get('cache-control')).to.equal('public, max-age=31536000, immutable');
    expect(script.headers.get('content-type')).to.equal('text/javascript; charset=utf-8');
  });

  it('may load its own files only, runs no other script, and cannot be framed', async () => {
    for (const path of ['/docs/', '/docs/nothing']) {
      const policy = (await open(path)).headers.get('content-security-policy') ?? '';
      expect(policy.split('; ')).to.include.members([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "trusted-types 'none'",
      ]);
    }
  });

  it('has a page of its own for unknown addresses below it', async () => {
    for (const path of [
      '/docs/nothing',
      '/docs/how-to/',
      '/docs/how-to/scale',
      '/docs/how-to/scale.html.gz',
    ]) {
      const { status, text, headers } = await open(path);
      expect([status, text], path).to.deep.equal([404, NOT_FOUND]);
      expect(headers.get('cache-control')).to.equal('no-cache');
    }
  });

  it('hides no path of the API, and takes no other methods', async () => {
    for (const path of ['/docs2', '/doc', '/', '/api/nothing']) {
      expect(JSON.parse((await open(path)).text).code, path).to.equal('route_not_found');
    }
    expect(JSON.parse((await open('/docs/', { method: 'POST' })).text).code).to.equal('route_not_found');
    expect((await open('/api/docs')).text).to.include('swagger');
  });

  it('is one route in logs and metrics', () => {
    const routes = running.log.map((line) => JSON.parse(line)).flatMap(({ route }) => route ?? []);
    expect(routes.filter((route) => route.startsWith('/docs'))).to.satisfy((found: string[]) =>
      found.every((route) => route === '/docs/*'),
    );
  });

  it('is only served if it is configured, and stops the start if it is missing', async () => {
    const without = await startApi(db);
    expect((await without.client.get('/docs/')).body.code).to.equal('route_not_found');
    await without.close();
    const none = join(folder, 'none');
    const failure = await startApi(db, { DOCS_DIR: none }).catch((error: Error) => error);
    expect(String(failure)).to.match(/DOCS_DIR="\S+none" is not valid: ENOENT/);
  });
});
