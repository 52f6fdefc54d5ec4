import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { readFiles } from './files.js';

const PAGE = '<!doctype html><title>Chorus</title>';
const SCRIPT = 'console.log("here");';

interface Raw {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

describe('the chat page', function () {
  this.timeout(60_000);
  let folder: string;
  let db: Database;
  let running: RunningApi;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-page-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), PAGE);
    await writeFile(join(folder, 'assets/index-abc.js'), SCRIPT);
    await writeFile(join(folder, 'assets/index-abc.js.gz'), gzipSync(SCRIPT));
    await writeFile(join(folder, 'assets/index-abc.js.br'), 'brotli');
    db = (await openDatabase()).db;
    running = await startApi(db, { WEB_DIR: folder });
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
    await rm(folder, { recursive: true });
  });

  /** Raw requests, because `fetch` decodes bodies and normalises paths. */
  const open = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Raw> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(running.client.url);
      const request = get({ hostname, port, path, headers, method }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
      request.on('error', reject);
    });

  it('is at /, is revalidated each time, and sent again only when it has changed', async () => {
    const { status, headers, body } = await open('/');
    expect([status, body.toString()]).to.deep.equal([200, PAGE]);
    expect(headers).to.include({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
    const again = await open('/', { 'If-None-Match': String(headers.etag) });
    expect([again.status, again.body.length]).to.deep.equal([304, 0]);
    expect((await open('/', { 'If-None-Match': 'W/"another"' })).status).to.equal(200);
    const head = await open('/', {}, 'HEAD');
    expect([head.status, head.headers['content-length'], head.body.length]).to.deep.equal([
      200,
      String(PAGE.length),
      0,
    ]);
  });

  it('is loaded once per release: files named after their content are cached for a year', async () => {
    const { status, headers, body } = await open('/assets/index-abc.js');
    expect([status, body.toString()]).to.deep.equal([200, SCRIPT]);
    expect(headers).to.include({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Origin, Accept-Encoding',
    });
    expect(headers).to.not.have.property('content-encoding');
  });

  it('works when its requests reach replicas of two versions', async () => {
    const build = async (version: string): Promise<string> => {
      const built = await mkdtemp(join(tmpdir(), 'chorus-page-'));
      const [script, style] = [`index-${version}aaaa.js`, `index-${version}bb-b.css`];
      await mkdir(join(built, 'assets'));
      await writeFile(join(built, 'assets', script), `script of ${version}`);
      await writeFile(join(built, 'assets', style), `style of ${version}`);
      await writeFile(
        join(built, 'index.html'),
        `<link href="./assets/${style}"><script src="./assets/${script}"></script>`,
      );
      return built;
    };
    const folders = [await build('v1_-'), await build('v2_-')];
    const replicas = await Promise.all(folders.map((WEB_DIR) => startApi(db, { WEB_DIR })));
    try {
      let turn = 0;
      const next = (path: string) =>
        fetch(`${replicas[turn++ % replicas.length]?.client.url}${path}`).then(async (answer) => ({
          status: answer.status,
          type: answer.headers.get('content-type'),
          cache: answer.headers.get('cache-control'),
          text: await answer.text(),
        }));
      for (let load = 0; load < 12; load++) {
        const page = await next('/');
        const [, version] = /index-(v\d)/.exec(page.text) ?? [];
        for (const [, path = ''] of page.text.matchAll(/(?:href|src)="\.(.*?)"/g)) {
          const asset = await next(path);
          expect(asset.status, path).to.equal(200);
          expect(asset.type).to.equal(
            path.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'text/css; charset=utf-8',
          );
          // Cached by its name only if the content matches the name.
          expect(asset.cache === 'no-cache').to.equal(!asset.text.endsWith(`${version}_-`));
        }
      }
      expect((await next('/assets/other-v1_-aaaa.js')).status).to.equal(404);
      expect((await next('/assets/index-v1_-aaaa.svg')).status).to.equal(404);
    } finally {
      await Promise.all(replicas.map((replica) => replica.close()));
      await Promise.all(folders.map((built) => rm(built, { recursive: true })));
    }
  });

  it('is sent in the best encoding that the browser accepts', async () => {
    const best = await open('/assets/index-abc.js', { 'Accept-Encoding': 'gzip, deflate, br' });
    expect([best.headers['content-encoding'], best.body.toString()]).to.deep.equal(['br', 'brotli']);
    expect(best.headers['content-type']).to.equal('text/javascript; charset=utf-8');
    const gzip = await open('/assets/index-abc.js', { 'Accept-Encoding': 'gzip' });
    expect(gzip.headers['content-encoding']).to.equal('gzip');
    expect(gunzipSync(gzip.body).toString()).to.equal(SCRIPT);
    // This file has no compressed form.
    expect((await open('/', { 'Accept-Encoding': 'br' })).headers).to.not.have.property('content-encoding');
  });

  it('may load and call its own host only, runs no script but its files, and cannot be framed', async () => {
    const { headers } = await open('/');
    expect(String(headers['content-security-policy']).split('; ')).to.deep.equal([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });

  it('hides no path of the API: other paths are answered as before', async () => {
    const paths = ['/index.html', '/assets/', '/assets/index-abc.js.gz', '/assets/../page', '//', '/nothing'];
    for (const path of [...paths, '/assets/%2e%2e/%2e%2e/etc/passwd', '/api/nothing', '/ws/nothing']) {
      const { status, body, headers } = await open(path);
      expect([status, body.toString()], path).to.deep.equal([
        404,
        '{"error":"no such route","code":"route_not_found"}',
      ]);
      expect(headers['cache-control'], path).to.equal('no-store');
      expect(headers['content-security-policy'], path).to.equal("default-src 'none';frame-ancestors 'none'");
    }
    expect((await open('/', {}, 'POST')).status).to.equal(404);
    expect((await open('/api/users/me')).status).to.equal(401);
  });

  it('appears in logs and metrics as few routes, however many files it has', () => {
    const routes = running.log.map((line) => JSON.parse(line)).flatMap(({ route }) => route ?? []);
    expect(routes).to.include.members(['/', '/assets/*']);
  });

  it('is only served if it is configured', async () => {
    const without = await startApi(db);
    expect((await without.client.get('/')).status).to.equal(404);
    await without.close();
  });

  it('stops the start with one line that names the folder when the page is missing', async () => {
    const empty = join(folder, 'assets');
    expect(() => readFiles(empty, 'WEB_DIR')).to.throw(
      `WEB_DIR="${empty}" is not valid: there is no index.html in it`,
    );
    const none = join(folder, 'none');
    expect(() => readFiles(none, 'WEB_DIR')).to.throw(/^WEB_DIR="\S+none" is not valid: ENOENT/);
    const failure = await startApi(db, { WEB_DIR: none }).catch((error: Error) => error.name);
    expect(failure).to.equal('ConfigError');
  });
});
