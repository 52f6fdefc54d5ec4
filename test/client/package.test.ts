import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createPerson, createRoom } from '../support/clients/people.js';
import { root } from '../support/root.js';
import { sharedStandalone } from '../support/servers/shared.js';
import type { TestStandalone } from '../support/servers/standalone.js';
import { withPackage } from './published-package.js';
import { BUDGETS, bundleSize } from './size.js';

const exec = promisify(execFile);
const compiler = join(root, 'node_modules/.bin/tsc');
/** Where an installed package is, as seen from one that needs it. */
const folderOf = (name: string, from = import.meta.url): string =>
  dirname(createRequire(from).resolve(`${name}/package.json`));
const nodeTypes = folderOf('@types/node');
/** What somebody who uses the package has, besides it. */
const OTHERS = [
  ...[folderOf('ws'), folderOf('@types/ws')],
  ...[nodeTypes, folderOf('undici-types', join(nodeTypes, 'index.d.ts'))],
];

const STRICT = {
  strict: true,
  skipLibCheck: false,
  module: 'nodenext',
  target: 'es2022',
  rootDir: '.',
};

const NODE_PROGRAM = `
import { ChorusClient, type ChorusError, type Message } from '@chorus/client';
import { WebSocket } from 'ws';

const [url = '', token = '', roomId = ''] = process.argv.slice(2);
const client = new ChorusClient({ url, token, webSocket: WebSocket });
client.on('error', (error: ChorusError) => console.error(error));
const room = client.join(Number(roomId));
const messages = room.messages();
client.connect();
const { position } = await room.send('hello');
const first: Message | undefined = (await messages.next()).value;
console.log(JSON.stringify([first?.content, first?.seq === position.seq, client.user?.username]));
await client.close();
`;

const PAGE = `
import { ChorusApi, ChorusClient, type ConnectionState } from '@chorus/client';

const api = new ChorusApi();
const client = new ChorusClient({ api, refresh: async () => void (await api.refresh()) });
client.on('state', (state: ConnectionState) => {
  document.title = state.status === 'waiting' ? state.reason : state.status;
});
// @ts-expect-error
client.join('1');
`;

describe('what is published of the client', function () {
  this.timeout(60_000);

  let standalone: TestStandalone;
  let app: string;
  before(async () => {
    standalone = await sharedStandalone();
    app = await mkdtemp(join(tmpdir(), 'chorus-client-user-'));
    await writeFile(join(app, 'package.json'), '{"type":"module","private":true}');
    const { stdout } = await withPackage('client', (folder) =>
      exec('npm', ['pack', '--silent', folder], { cwd: app }),
    );
    const installed = [`./${stdout.trim()}`, ...OTHERS];
    await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', '--install-links', ...installed], {
      cwd: app,
    });
  });
  after(async () => {
    await rm(app, { recursive: true });
  });

  const check = async (name: string, source: string, options: object): Promise<string> => {
    const folder = join(app, name);
    await mkdir(folder);
    await writeFile(join(folder, 'main.ts'), source);
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...STRICT, ...options } }),
    );
    await exec(compiler, ['-p', folder]).catch(({ stdout }) => {
      throw new Error(stdout);
    });
    return join(folder, 'main.js');
  };

  it('type-checks and chats in Node, with nothing but itself and `ws`', async () => {
    const ada = await createPerson(standalone.url, 'ada');
    const room = await createRoom(standalone.url, ada);
    const program = await check('node', NODE_PROGRAM, { lib: ['es2023'], types: ['node'] });
    const { stdout, stderr } = await exec(process.execPath, [
      program,
      standalone.url,
      ada.token,
      String(room),
    ]);
    expect(stderr).to.equal('');
    expect(JSON.parse(stdout)).to.deep.equal(['hello', true, ada.username]);
  });

  it('type-checks in a page, where there is nothing of Node', async () => {
    await check('page', PAGE, { lib: ['es2022', 'dom'], types: [] });
  });

  for (const [name, { code, gzipped: most }] of Object.entries(BUDGETS.client)) {
    it(`imports nothing, and has at most ${most} bytes gzipped for ${name}`, async () => {
      const { gzipped } = await bundleSize('client', join(app, 'node_modules/@chorus/client'), code);
      expect(gzipped).to.be.within(4_000, most);
    });
  }
});
