import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChorusApi, ChorusClient, edit } from '@chorus/client';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { withPackage } from '../client/published-package.js';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { launchChromium } from './support/launch-chromium.js';

interface ClientModule {
  ChorusApi: typeof ChorusApi;
  ChorusClient: typeof ChorusClient;
  edit: typeof edit;
}

describe('a page of another site', function () {
  this.timeout(60_000);
  let server: Server;
  let origin: string;
  let cluster: TestCluster;
  let browser: Browser;
  let page: Page;
  let ada: Person;
  let room: number;

  before(async () => {
    const client = await withPackage('client', (folder) => readFile(`${folder}/index.js`));
    server = createServer((request, response) => {
      const isClient = request.url === '/client.js';
      response.setHeader('Content-Type', isClient ? 'text/javascript' : 'text/html');
      response.end(isClient ? client : '<!doctype html><title>a shop</title>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // Another site than 127.0.0.1, so the browser sends this one no cookies of that one.
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    cluster = await startTestCluster({
      apis: 1,
      gateways: 2,
      archivers: 1,
      env: { ALLOWED_ORIGINS: origin, HISTORY_SIZE: '1' },
    });
    ada = await createPerson(cluster.url, 'ada');
    room = await createRoom(cluster.url, ada);
    browser = await launchChromium();
    page = await browser.newPage();
    await page.addInitScript('globalThis.__name = (it) => it');
    await page.goto(origin);
  });
  after(async () => {
    await browser?.close();
    await cluster?.close();
    server?.close();
    server?.closeAllConnections();
  });

  it('signs in, chats, renews its session and signs out without a cookie', async () => {
    const { email, password, username } = ada;
    const seen = await page.evaluate(
      async ({ url, email, password, room }) => {
        const { ChorusApi, ChorusClient }: ClientModule = await import('/client.js' as string);
        const { token = '' } = await new ChorusApi({ url }).signIn({ email, password });
        const api = new ChorusApi({ url, token });
        const client = new ChorusClient({ url: `${url}/`, token });
        const heard: string[] = [];
        const live = client.join(room);
        live.on('message', ({ username, content }) => heard.push(`${username}: ${content}`));
        client.connect();
        await live.send('from another site');
        const renewed = await api.refresh();
        const { username } = await api.me();
        const rest = (await live.older()).length;
        await client.close();
        await api.signOut();
        const after = await api.me().catch((error: { code: string }) => error.code);
        return { heard, username, rest, renewed: typeof renewed.token, after };
      },
      { url: cluster.url, email, password, room },
    );
    expect(seen).to.deep.equal({
      heard: [`${username}: from another site`],
      username,
      rest: 0,
      renewed: 'string',
      after: 'unauthenticated',
    });
    expect(await page.context().cookies()).to.deep.equal([]);
  });

  it('changes a message over HTTP that gateways no longer have', async () => {
    const content = await page.evaluate(
      async ({ url, token, room }) => {
        const { ChorusApi, ChorusClient, edit }: ClientModule = await import('/client.js' as string);
        const client = new ChorusClient({ url, token });
        client.connect();
        const live = client.join(room);
        const { position } = await live.send('first');
        for (let more = 0; more < 3; more++) await live.send('more');
        while (live.deliveries.length > 0) {
          await new Promise<void>((resolve) => {
            const off = live.on('delivery', () => {
              off();
              resolve();
            });
          });
        }
        await edit(live, position, 'edited');
        await client.close();
        const after = `${position.epoch}-${position.seq - 1}`;
        const { messages } = await new ChorusApi({ url, token }).messages(room, { after, limit: 1 });
        return messages[0]?.content;
      },
      { url: cluster.url, token: ada.token, room: await createRoom(cluster.url, ada) },
    );
    expect(content).to.equal('edited');
  });

  it('is told why its token is refused', async () => {
    const code = await page.evaluate(
      async ({ url, room }) => {
        const { ChorusClient }: ClientModule = await import('/client.js' as string);
        const client = new ChorusClient({ url, token: 'not one' });
        client.connect();
        return client
          .join(room)
          .send('x')
          .then(() => 'sent')
          .catch((error: { code: string }) => error.code);
      },
      { url: cluster.url, room },
    );
    expect(code).to.equal('unauthenticated');
  });

  it('that is not listed is told which setting would allow it', async () => {
    const stranger = await browser.newPage();
    await stranger.addInitScript('globalThis.__name = (it) => it');
    await stranger.goto(origin.replace('localhost', '127.0.0.1'));
    const message = await stranger.evaluate(
      async ({ url, email, password }) => {
        const { ChorusApi }: ClientModule = await import('/client.js' as string);
        return new ChorusApi({ url })
          .signIn({ email, password })
          .then(() => 'signed in')
          .catch((error: { message: string }) => error.message);
      },
      { url: cluster.url, email: ada.email, password: ada.password },
    );
    expect(message).to.equal(
      `network: TypeError: Failed to fetch; is ${origin.replace('localhost', '127.0.0.1')} in ALLOWED_ORIGINS?`,
    );
    await stranger.close();
  });
});
