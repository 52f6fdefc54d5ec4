import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ensureTestChromium } from './chromium.js';

describe('the Chromium of the tests', () => {
  const { PATH, CHROMIUM_PATH } = process.env;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-chromium-'));
    process.env.PATH = folder;
    delete process.env.CHROMIUM_PATH;
  });
  afterEach(async () => {
    process.env.PATH = PATH;
    if (CHROMIUM_PATH !== undefined) process.env.CHROMIUM_PATH = CHROMIUM_PATH;
    else delete process.env.CHROMIUM_PATH;
    await rm(folder, { recursive: true });
  });

  const program = async (name: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, '#!/bin/sh\n');
    await chmod(file, 0o755);
    return file;
  };
  const failure = (): Promise<string> =>
    ensureTestChromium().then(
      (file) => `found ${file}`,
      (error: Error) => `${error.name}: ${error.message}`,
    );

  it('is that of CHROMIUM_PATH, whatever else is installed', async () => {
    await program('chromium');
    process.env.CHROMIUM_PATH = await program('mine');
    expect(await ensureTestChromium()).to.equal(process.env.CHROMIUM_PATH);
  });

  it('is one on the PATH, with any of its names', async () => {
    const chrome = await program('google-chrome');
    expect(await ensureTestChromium()).to.equal(chrome);
    const chromium = await program('chromium');
    expect(await ensureTestChromium()).to.equal(chromium);
  });

  it('is reported missing in one line that says what to do', async () => {
    // Not even apt-get is on this PATH.
    expect(await failure()).to.match(
      /^StartError: the browser tests need Chromium: put chromium .* CHROMIUM_PATH$/,
    );
    process.env.CHROMIUM_PATH = join(folder, 'nothing');
    expect(await failure()).to.equal(
      `StartError: CHROMIUM_PATH="${folder}/nothing" is not valid: it is no program that can be run`,
    );
  });
});
