import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { root } from '../support/root.js';
import { TEST_SETTINGS } from '../support/servers/cluster.js';
import { type Program, startCommand } from '../support/servers/program.js';
import { launchChromium } from './support/launch-chromium.js';
import { type NpmRegistry, startNpmRegistry } from './support/npm-registry.js';
import { enterChat, readTutorial, send, shows, type Tutorial } from './support/tutorial.js';

const FILES = ['vite.config.mjs', 'index.html', 'sign-in.jsx', 'main.jsx', 'chat.jsx'];
const INSTALLED = ['react', 'react-dom', 'vite', '@vitejs/plugin-react'];
const ADDRESS = /http:\/\/localhost:\d+/;

describe('the tutorial for React', function () {
  this.timeout(240_000);

  let folder: string;
  let tutorial: Tutorial;
  let registry: NpmRegistry;
  let browser: Browser;
  const running = new Set<Program>();

  /** Runs a block of commands in a folder of the reader. */
  const terminal = (commands: string, place: string, env: Record<string, string> = {}): Program => {
    const program = startCommand('/bin/bash', ['-euc', commands], {
      cwd: join(folder, place),
      env: {
        ...{ NO_COLOR: '1', npm_config_registry: registry.url, npm_config_cache: join(folder, 'npm-cache') },
        ...{ npm_config_update_notifier: 'false', ...env },
      },
    });
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };
  const startChorus = async (port: string): Promise<{ chorus: Program; url: string }> => {
    const [start = ''] = tutorial.commands;
    const env = { ...TEST_SETTINGS, PORT: port, DATA_DIR: join(folder, 'data') };
    const chorus = terminal(start, 'chorus', env);
    return { chorus, url: (await chorus.printed(ADDRESS))[0] };
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-tutorial-'));
    tutorial = await readTutorial('react', FILES);
    registry = await startNpmRegistry(join(root, 'packages/react'), INSTALLED);
    // A clone, whose parent is not that of this one.
    await mkdir(join(folder, 'chorus'));
    for (const name of await readdir(root)) await symlink(join(root, name), join(folder, 'chorus', name));
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    for (const program of running) {
      program.interrupt();
      await program.ended;
    }
    await registry?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has the files of the example', async () => {
    for (const [file, text] of tutorial.files) {
      expect(await readFile(join(root, 'packages/react/examples/vite', file), 'utf8'), file).to.equal(text);
    }
  });

  it('leads to an app in which two browsers chat, also over a restart of Chorus', async () => {
    const [, create = '', serve = ''] = tutorial.commands;
    expect(tutorial.commands).to.have.length(3);
    const { chorus, url } = await startChorus('0');
    const creating = terminal(create, 'chorus');
    expect(await creating.ended, creating.stdout + creating.stderr).to.equal(0);
    for (const [file, text] of tutorial.files) {
      await writeFile(join(folder, 'chat-app', file), text.replace('http://localhost:8080', url));
    }
    const vite = terminal(serve, 'chat-app');
    const [address] = await vite.printed(ADDRESS);

    const problems: string[] = [];
    const enter = async (name: string): Promise<Page> => {
      const page = await enterChat(browser, address, name, 'Sign up');
      page.on('pageerror', ({ message }) => problems.push(message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !/WebSocket|Failed to load/.test(message.text())) {
          problems.push(message.text());
        }
      });
      return page;
    };
    const ada = await enter('ada');
    await send(ada, 'is anybody there?');
    await shows(ada, 'ada: is anybody there?');
    const ben = await enter('ben');
    await shows(ben, 'ada: is anybody there?');
    await shows(ada, 'In this room: ada, ben');
    await ben.getByPlaceholder('Message').pressSequentially('I');
    await shows(ada, 'ben …');
    await send(ben, 'I am');
    await shows(ada, 'ben: I am');

    chorus.interrupt();
    await chorus.ended;
    await shows(ada, 'waiting');
    await send(ada, 'you will get this later');
    await shows(ada, 'you will get this later (sending)');
    await startChorus(new URL(url).port);
    await shows(ben, 'ada: you will get this later');
    expect(await ben.locator('ol li').allTextContents()).to.deep.equal([
      'ada: is anybody there?',
      'ben: I am',
      'ada: you will get this later',
    ]);
    expect(await ada.locator('ul li').count()).to.equal(0);
    expect(problems).to.deep.equal([]);
  });
});
