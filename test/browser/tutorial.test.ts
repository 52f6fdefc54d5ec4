import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { withPackage } from '../client/published-package.js';
import { root } from '../support/root.js';
import { TEST_SETTINGS } from '../support/servers/cluster.js';
import { type Program, startProgram } from '../support/servers/program.js';
import { launchChromium } from './support/launch-chromium.js';
import { enterChat, readTutorial, send, shows } from './support/tutorial.js';

describe('the tutorial', function () {
  this.timeout(120_000);
  let folder: string;
  let chorus: Program;
  let vite: Program;
  let browser: Browser;

  const startChorus = async (port: string): Promise<string> => {
    chorus = startProgram('dist/standalone.js', [], {
      ...TEST_SETTINGS,
      PORT: port,
      DATA_DIR: join(folder, 'data'),
    });
    const [url] = await chorus.printed(/http:\/\/localhost:\d+/);
    return url;
  };

  before(async () => {
    folder = await mkdtemp(join(root, 'test', 'dist', 'tutorial-'));
    const url = await startChorus('0');
    for (const [file, text] of (
      await readTutorial('small-chat', ['vite.config.mjs', 'index.html', 'chat.js'])
    ).files) {
      await writeFile(join(folder, file), text.replace('http://localhost:8080', url));
    }
    await writeFile(join(folder, 'package.json'), '{}');
    await mkdir(join(folder, 'node_modules', '@chorus'), { recursive: true });
    await withPackage('client', (client) =>
      cp(client, join(folder, 'node_modules', '@chorus', 'client'), { recursive: true }),
    );
    vite = startProgram('apps/web/node_modules/vite/bin/vite.js', [folder, '--port', '0'], { NO_COLOR: '1' });
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    for (const program of [vite, chorus]) {
      program?.kill('SIGTERM');
      await program?.ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  const enter = async (name: string, button: 'Sign up' | 'Sign in'): Promise<Page> =>
    enterChat(browser, (await vite.printed(/http:\/\/localhost:\d+/))[0], name, button);

  it('leads to a page on which users chat, also over a restart of Chorus', async () => {
    const ada = await enter('ada', 'Sign up');
    await send(ada, 'is anybody there?');
    await shows(ada, 'ada: is anybody there?');
    const ben = await enter('ben', 'Sign up');
    await shows(ben, 'ada: is anybody there?');
    await shows(ada, 'In this room: ada, ben');
    await send(ben, 'I am');
    await shows(ada, 'ben: I am');

    const { port } = new URL((await chorus.printed(/http:\/\/localhost:\d+/))[0]);
    chorus.interrupt();
    await chorus.ended;
    await shows(ada, 'waiting');
    await send(ada, 'you will get this later');
    await startChorus(port);
    await shows(ben, 'ada: you will get this later');
    expect(await ben.locator('#messages li').allTextContents()).to.deep.equal([
      'ada: is anybody there?',
      'ben: I am',
      'ada: you will get this later',
    ]);
  });

  it('leads to a page that shows why a sign-in failed', async () => {
    const [address] = await vite.printed(/http:\/\/localhost:\d+/);
    const page = await browser.newPage();
    await page.goto(address);
    await page.getByPlaceholder('User name').fill('carl');
    await page.getByPlaceholder('Password').fill('a good one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('wrong email or password').waitFor();
  });
});
