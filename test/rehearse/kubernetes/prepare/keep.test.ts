import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '@chorus/testing';
import { expect } from 'chai';
import { keep } from './keep.js';

describe('the cache of the rehearsal on Kubernetes', () => {
  let cache: string;

  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'chorus-keep-'));
  });

  afterEach(() => rm(cache, { recursive: true }));

  it('makes a file once for a key, and removes older versions of the same name only', async () => {
    await writeFile(join(cache, 'layer.tar-other'), '');
    const make = (text: string) => (path: string) => writeFile(path, text);
    const first = await keep(cache, 'layer.tar', 'key', make('first'));
    expect(await keep(cache, 'layer.tar', 'key', make('second'))).to.equal(first);
    expect(await readFile(first, 'utf8')).to.equal('first');
    const third = await keep(cache, 'layer.tar', 'another key', make('third'));
    expect(await readFile(third, 'utf8')).to.equal('third');
    expect((await readdir(cache)).length).to.equal(2);
    expect(await readdir(cache)).to.include('layer.tar-other');
  });

  it('leaves nothing behind when making fails', async () => {
    const error = await failure(
      keep(cache, 'layer.tar', 'key', async (path) => {
        await writeFile(path, 'half');
        throw new Error('interrupted');
      }),
    );
    expect(String(error)).to.include('interrupted');
    expect(await readdir(cache)).to.deep.equal([]);
  });
});
