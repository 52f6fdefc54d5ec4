import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, request } from '../support/clients/people.js';
import { root } from '../support/root.js';
import { sharedStandalone } from '../support/servers/shared.js';
import type { TestStandalone } from '../support/servers/standalone.js';

const exec = promisify(execFile);

const ROOM = 4_100_001;

describe('the example of the client in the README', function () {
  this.timeout(60_000);
  let standalone: TestStandalone;
  let folder: string;
  before(async () => {
    standalone = await sharedStandalone();
    // Where a program finds the packages.
    folder = await mkdtemp(join(root, 'test', 'dist', 'readme-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const example = async (): Promise<string> => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const [, code] = /```js\n(import \{ ChorusApi.*?)```/s.exec(readme) ?? [];
    if (code === undefined) throw new Error('there is no example');
    expect(code).to.include("'http://localhost:8080'");
    expect(code).to.include('client.join(1)');
    // Other suites that share the server create rooms as well.
    return code.replace('http://localhost:8080', standalone.url).replace('join(1)', `join(${ROOM})`);
  };
  const run = async (code: string): Promise<{ stdout: string; stderr: string }> => {
    const file = join(folder, 'example.mjs');
    await writeFile(file, code);
    return exec(process.execPath, [file], { timeout: patiently(30_000) });
  };

  it('runs as it stands on this Node', async () => {
    const body = { username: 'ada', email: 'ada@example.com', password: 'analytical' };
    await request(`${standalone.url}/api/users/signup`, { body });
    const other = await createPerson(standalone.url);
    const room = { id: ROOM, name: 'room1' };
    await request(`${standalone.url}/ws/create-room`, { body: room, token: other.token });
    expect(await run(await example())).to.deep.equal({ stdout: 'ada: hello\n', stderr: '' });
  });

  it('says what is wrong with a token that is not valid', async () => {
    const code = (await example()).replace('token, webSocket', "token: 'not one', webSocket");
    const failure: unknown = await run(code).catch((error: unknown) => error);
    expect(String(failure)).to.match(
      /ChorusError: not in room \d+: (refused with 401|the token is not valid)/,
    );
    expect(String(failure)).to.match(/code: 'unauthenticated'/);
  });
});
