import { request } from 'node:http';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase, type RunningApi, startApi } from '../testing/api.js';

const ann = { id: 1, username: 'ann' };
const ALLOWED = 'https://chat.example.org,https://*.example.com,capacitor://localhost,null';

describe('pages of other origins', function () {
  this.timeout(60_000);
  let db: Database;
  const apis: RunningApi[] = [];
  before(async () => {
    db = (await openDatabase()).db;
  });
  after(async () => {
    for (const api of apis) await api.close();
    await db.$disconnect();
  });

  async function start(env: Record<string, string>): Promise<RunningApi> {
    const running = await startApi(db, env);
    apis.push(running);
    return running;
  }
  /** Returns what the response allows the page: the origin, and whether with credentials. */
  async function cors(running: RunningApi, headers: Record<string, string>, method = 'GET') {
    const answer = await running.client
      .as(ann)
      .send(method, '/ws/get-rooms', undefined, { 'Access-Control-Request-Method': 'GET', ...headers });
    expect(answer.headers.get('vary')).to.match(/Origin/);
    return [
      answer.headers.get('access-control-allow-origin'),
      answer.headers.get('access-control-allow-credentials'),
    ];
  }

  it('read responses with credentials when the origin is listed, exactly or by a wildcard', async () => {
    const running = await start({ ALLOWED_ORIGINS: ALLOWED });
    for (const method of ['GET', 'OPTIONS']) {
      for (const origin of ['https://chat.example.org', 'https://a.b.example.com', 'capacitor://localhost']) {
        expect(await cors(running, { origin }, method), origin).to.deep.equal([origin, 'true']);
      }
      for (const origin of [
        'https://example.com',
        'http://chat.example.com',
        'ionic://localhost',
        'file://',
      ]) {
        expect(await cors(running, { origin }, method), origin).to.deep.equal([null, null]);
      }
    }
  });

  it('never read responses with credentials by * or null', async () => {
    const listed = await start({ ALLOWED_ORIGINS: ALLOWED });
    const all = await start({ ALLOWED_ORIGINS: '*,https://chat.example.org' });
    for (const method of ['GET', 'OPTIONS']) {
      expect(await cors(all, { origin: 'https://evil.example' }, method)).to.deep.equal(['*', null]);
      expect(await cors(all, { origin: 'null' }, method)).to.deep.equal(['*', null]);
      expect(await cors(listed, { origin: 'null' }, method)).to.deep.equal(['*', null]);
      const own = { origin: 'https://chat.example.org' };
      expect(await cors(all, own, method)).to.deep.equal(['https://chat.example.org', 'true']);
    }
  });

  it("are logged once when they are refused, pages of the server's own origin never", async () => {
    const running = await start({ TRUST_PROXY: '1' });
    for (const origin of ['https://evil.example', 'https://evil.example', 'https://chat.example.net']) {
      await cors(running, {
        origin,
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'Chat.Example.net:443',
      });
    }
    const lines = running.log.filter((line) => line.includes('ALLOWED_ORIGINS'));
    expect(lines).to.have.length(1);
    expect(JSON.parse(lines[0] ?? '')).to.include({ level: 40, origin: 'https://evil.example' });
  });

  it("are of the server's own origin only if the scheme matches too", async () => {
    const running = await start({});
    const ask = async (origin: string): Promise<void> => {
      await new Promise<void>((resolve, reject) => {
        const headers = { Host: 'chat.example.net:80', Origin: origin };
        request({ port: running.api.port, host: '127.0.0.1', path: '/livez', headers })
          .on('response', (response) => response.resume().on('end', resolve))
          .on('error', reject)
          .end();
      });
    };
    await ask('http://CHAT.example.net');
    expect(running.log.filter((line) => line.includes('ALLOWED_ORIGINS'))).to.deep.equal([]);
    await ask('https://chat.example.net');
    expect(running.log.filter((line) => line.includes('ALLOWED_ORIGINS'))).to.have.length(1);
  });
});
