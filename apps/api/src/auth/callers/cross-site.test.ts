import { Tokens } from '@chorus/auth';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase, type RunningApi, SECRET, startApi } from '../../testing/api.js';

const LISTED = 'https://shop.example';
const OTHER = 'https://evil.example';

describe('signing out from a page of another site', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db, { ALLOWED_ORIGINS: LISTED });
    await running.mirrored();
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const signOut = async (method: string, headers: Record<string, string>) => {
    const token = new Tokens(SECRET).sign({ id: 1, username: 'ann' });
    const sender = running.client.with({ Cookie: `jwt=${token}`, ...headers });
    const answer = await sender.send(method, '/api/users/logout');
    const after = await running.client.with({ Cookie: `jwt=${token}` }).get('/api/rooms');
    return [answer.status, answer.headers.get('set-cookie') !== null, after.status];
  };

  for (const method of ['GET', 'POST']) {
    for (const [title, headers] of [
      ['a link', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }],
      ['an image', { 'Sec-Fetch-Site': 'cross-site', Referer: `${OTHER}/page` }],
      ['a page of a sibling domain', { 'Sec-Fetch-Site': 'same-site' }],
      ['a script', { 'Sec-Fetch-Site': 'cross-site', Origin: OTHER }],
      ['a script of an older browser', { Origin: OTHER }],
      ['an image of an older browser', { Referer: `${OTHER}/page?x=1` }],
      ['a sandboxed frame', { Origin: 'null' }],
    ] as const) {
      it(`is refused to ${method} from ${title}, and changes nothing`, async () => {
        expect(await signOut(method, headers)).to.deep.equal([403, false, 200]);
      });
    }

    for (const [title, headers] of [
      ['a program', {}],
      ['the address bar', { 'Sec-Fetch-Site': 'none' }],
      ['its own page', { 'Sec-Fetch-Site': 'same-origin', Referer: '' }],
      ['a page that is listed', { 'Sec-Fetch-Site': 'cross-site', Origin: LISTED }],
      ['a page that is listed, in an older browser', { Referer: `${LISTED}/chat` }],
    ] as const) {
      it(`works for ${method} from ${title}`, async () => {
        expect(await signOut(method, headers)).to.deep.equal([200, true, 401]);
      });
    }
  }
});
