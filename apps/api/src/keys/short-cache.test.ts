import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ShortCache } from './short-cache.js';

/** Longer than any test. */
const LONG_MS = 600_000;

describe('a cache of a short time', () => {
  let reads: string[][];
  let values: Map<string, number>;
  const load = async (keys: readonly string[]) => {
    reads.push([...keys]);
    await sleep(1);
    return new Map(values);
  };

  beforeEach(() => {
    reads = [];
    values = new Map([['a', 1]]);
  });

  it('reads several keys at once, also missing ones, and each once', async () => {
    const cache = new ShortCache(load, LONG_MS);
    const got = await Promise.all(['a', 'b', 'a'].map((key) => cache.get(key)));
    expect(got).to.deep.equal([1, undefined, 1]);
    expect(await cache.get('b')).to.equal(undefined);
    expect(reads).to.deep.equal([['a', 'b']]);
  });

  it('has one reading at a time: further keys wait for the next one', async () => {
    const cache = new ShortCache(load, LONG_MS);
    const first = cache.get('a');
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, cache.get('b'), cache.get('c')]);
    expect(reads).to.deep.equal([['a'], ['b', 'c']]);
  });

  it('counts the time from the beginning of a reading', async () => {
    const cache = new ShortCache(load, 0);
    await cache.get('a');
    values.set('a', 2);
    await sleep(2);
    expect(await cache.get('a')).to.equal(2);
  });

  it('keeps no failure', async () => {
    let fails = true;
    const cache = new ShortCache(async (keys: readonly string[]) => {
      if (fails) throw new Error('away');
      return load(keys);
    }, LONG_MS);
    const failure = await cache.get('a').catch((error: Error) => error.message);
    expect(failure).to.equal('away');
    fails = false;
    expect(await cache.get('a')).to.equal(1);
  });

  it('drops the oldest entries when there are very many', async () => {
    const cache = new ShortCache(load, LONG_MS);
    await cache.get('a');
    await Promise.all(Array.from({ length: 20_000 }, (_, index) => cache.get(String(index))));
    reads = [];
    await cache.get('a');
    expect(reads).to.deep.equal([['a']]);
    await cache.get('19999');
    expect(reads).to.have.length(1);
  });
});
