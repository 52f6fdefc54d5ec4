import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { root } from '../support/root.js';
import { sharedStandalone } from '../support/servers/shared.js';

const exec = promisify(execFile);

describe('the guide to private rooms', function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    // Where a program finds the packages.
    folder = await mkdtemp(join(root, 'test', 'dist', 'private-rooms-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('is a program that prints what the guide says', async () => {
    const { url } = await sharedStandalone();
    const guide = await readFile(join(root, 'docs/how-to/private-rooms.md'), 'utf8');
    const blocks = [...guide.matchAll(/^```js private-room\.mjs\n(.*?)^```$/gms)].map(
      ([, code = '']) => code,
    );
    expect(blocks).to.have.length(3);
    const suffix = `-${randomUUID().slice(0, 8)}`;
    // Other suites have users on this server as well.
    const code = blocks
      .join('')
      .replace('http://localhost:8080', url)
      .replaceAll(/'(ann|ben|cleo)'/g, `'$1${suffix}'`);
    const file = join(folder, 'private-room.mjs');
    await writeFile(file, code);
    const { stdout, stderr } = await exec(process.execPath, [file], { timeout: patiently(30_000) });
    const printed = [...guide.matchAll(/^It prints `([^`]+)`/gm)].map(([, line]) => `${line}\n`);
    expect([stdout.replaceAll(suffix, ''), stderr]).to.deep.equal([printed.join(''), '']);
  });
});
