import { expect } from 'chai';
import type { Target } from '../target.js';

export function describePage(target: () => Target): void {
  it('is served at /, with a script that is sent compressed and kept', async () => {
    const page = await fetch(target().url, { headers: { Accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1];
    expect(script, 'the script').to.be.a('string');
    // Whichever process answers: all have the same.
    for (let round = 0; round < 2; round++) {
      const loaded = await fetch(target().url + script, { headers: { 'Accept-Encoding': 'br' } });
      expect(loaded.status).to.equal(200);
      expect(Object.fromEntries(loaded.headers)).to.include({
        'content-encoding': 'br',
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
      });
    }
  });

  it('takes nothing from the routes beside it', async () => {
    for (const path of [
      '/api',
      '/api/nothing',
      '/ws',
      '/ws/nothing',
      '/index.html',
      '/assets/',
      '/nothing',
    ]) {
      const answer = await fetch(target().url + path, { headers: { Accept: 'text/html' } });
      expect([answer.status, await answer.json()], path).to.deep.equal([
        404,
        { error: 'no such route', code: 'route_not_found' },
      ]);
    }
  });
}
