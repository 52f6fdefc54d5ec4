import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { OPERATOR_SETTINGS, operate } from '../../support/clients/operator.js';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { root } from '../../support/root.js';
import { startTestStandalone, type TestStandalone } from '../../support/servers/standalone.js';
import { launchChromium } from '../support/launch-chromium.js';
import './chat-page.js';

/** Time for which the hooks gather changes, in milliseconds. */
const GATHER_MS = 16;

const PAGE = '<!doctype html><title>chat</title><body></body><script src="page.js"></script>';

describe('the React hooks in a browser', function () {
  this.timeout(120_000);

  let server: Server;
  let standalone: TestStandalone;
  let browser: Browser;
  let page: Page;
  let ada: Person;
  let room: number;
  let key: string;
  const problems: string[] = [];

  before(async () => {
    const { outputFiles } = await build({
      entryPoints: [join(root, 'test/browser/react/chat-page.tsx')],
      ...{ bundle: true, write: false, format: 'iife', jsx: 'automatic' },
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    server = createServer(({ url }, response) => {
      const isScript = url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? outputFiles[0]?.text : PAGE);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    standalone = await startTestStandalone({ ...OPERATOR_SETTINGS, ALLOWED_ORIGINS: origin });
    ada = await createPerson(standalone.url, 'ada');
    room = await createRoom(standalone.url, ada);
    const { body: bot } = await operate(standalone, 'POST /users', { username: 'filler', kind: 'bot' });
    const fields = { name: 'filler', scopes: ['messages:write'], botId: bot.id, messagesPerSecond: 10_000 };
    key = (await operate(standalone, 'POST /keys', fields)).body.key;
    await fill(1_000);
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(origin);
  });
  after(async () => {
    await browser?.close();
    await standalone?.close();
    server?.close();
    server?.closeAllConnections();
  });

  /** Sends messages to the room, in one request. */
  const fill = async (count: number): Promise<void> => {
    const messages = Array.from({ length: count }, (_, index) => ({
      roomId: room,
      content: `text ${index}`,
    }));
    const { status } = await request(`${standalone.url}/api/messages/batch`, {
      body: { messages },
      token: key,
    });
    expect(status).to.equal(200);
  };
  const rows = (count: number): Promise<unknown> =>
    page.waitForFunction((wanted) => document.querySelectorAll('li').length === wanted, count);
  const shows = (id: string, text: string): Promise<void> =>
    page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();

  it('show a room of 1,000 messages, and commit once for what arrives together', async () => {
    await page.evaluate((options) => chat.start(options), { url: standalone.url, token: ada.token, room });
    await shows('state', `connected ${ada.username}`);
    await shows('present', ada.username);
    for (let count = 50; count < 1_000; count = Math.min(1_000, count + 100)) {
      await rows(count);
      await page.getByRole('button', { name: 'Older' }).click();
    }
    await rows(1_000);
    await page.waitForTimeout(500);
    for (const count of [1, 200]) {
      const before = await page.locator('li').count();
      await page.evaluate(() => {
        chat.commits = 0;
        chat.arrivals.length = 0;
      });
      await fill(count);
      await rows(before + count);
      const { commits, arrivals } = await page.evaluate(() => ({
        commits: chat.commits,
        arrivals: chat.arrivals,
      }));
      expect(arrivals).to.have.length(count);
      expect(commits, `commits for arrivals at ${arrivals}`).to.be.within(1, bursts(arrivals));
    }
  });

  it('send, and show what is unread', async () => {
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('hello from React').waitFor();
    await shows('pending', '0');
    await page.getByRole('button', { name: 'Read' }).click();
    await eventually(async () => expect(await page.locator('#inbox').textContent()).to.match(/^\d+ 0$/));
  });

  it('leave the room when the page no longer shows it', async () => {
    expect(await page.evaluate(() => chat.rooms())).to.deep.equal([room]);
    await page.evaluate(() => chat.stop());
    await eventually(async () => expect(await page.evaluate(() => chat.rooms())).to.deep.equal([]));
    expect(problems).to.deep.equal([]);
  });
});

/** Number of times that something is gathered, each time from the first arrival on. */
function bursts(arrivals: readonly number[]): number {
  let count = 0;
  let end = -1;
  for (const at of arrivals) {
    if (at < end) continue;
    count++;
    end = at + GATHER_MS;
  }
  return count;
}
