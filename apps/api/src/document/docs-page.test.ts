import { once } from 'node:events';
import { request } from 'node:http';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase, type RunningApi, startApi } from '../testing/api.js';

describe('the page about the API', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(running.client.url + path, { headers });

  it('consists of its own files, and runs and loads nothing else', async () => {
    const page = await get('/api/docs');
    const text = await page.text();
    expect([page.status, page.headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).to.include("default-src 'none'").and.to.include("script-src 'self'");
    expect(policy).to.not.match(/unsafe|https?:|\*/);
    // The content security policy would block scripts and styles in the page itself.
    expect(text).to.not.match(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    const own = files.filter((path) => path.startsWith('/api/docs/'));
    expect(files).to.have.members([...own, 'data:,', '/openapi.json']);
    for (const path of own) {
      const file = await get(path);
      expect([file.status, file.headers.get('content-type')], path).to.deep.equal([
        200,
        path.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
      ]);
      expect((await file.arrayBuffer()).byteLength).to.be.above(50);
    }
  });

  it('is not sent again to a browser that has it', async () => {
    const path = '/api/docs/swagger-ui-bundle.js';
    const etag = (await get(path)).headers.get('etag') ?? '';
    expect(await statusFor(path, etag)).to.equal(304);
    expect(await statusFor(path, '"another"')).to.equal(200);
  });

  /** Not by `fetch`, which bypasses the cache when a request has `If-None-Match`. */
  async function statusFor(path: string, etag: string): Promise<number | undefined> {
    const [response] = await once(
      request(running.client.url + path, { headers: { 'If-None-Match': etag } }).end(),
      'response',
    );
    response.resume();
    return response.statusCode;
  }

  it('has no other files', async () => {
    for (const path of [
      '/api/docs/',
      '/api/docs/index.html',
      '/api/docs/../package.json',
      '/api/docs/swagger-ui.js',
    ]) {
      expect((await get(path)).status, path).to.equal(404);
    }
    expect((await fetch(`${running.client.url}/api/docs`, { method: 'POST' })).status).to.equal(404);
  });
});
