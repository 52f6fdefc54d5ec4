import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';

const dist = new URL('../dist/', import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, dist));

/** Limit on the script that a browser loads, in bytes after gzip. */
const MOST_SCRIPT = 60 * 1024;

describe('the built page', () => {
  const assets = readdirSync(new URL('assets/', dist)).map((name) => `assets/${name}`);
  const page = read('index.html').toString();

  it('loads little script', () => {
    const scripts = assets.filter((name) => name.endsWith('.js.gz'));
    expect(scripts).to.have.length(1);
    const bytes = scripts.reduce((sum, name) => sum + read(name).length, 0);
    expect(bytes).to.be.within(1_000, MOST_SCRIPT);
  });

  it('has no script, style or handler in its markup, because the policy would block it', () => {
    expect(page).to.match(/<script type="module" crossorigin src="\.\/assets\/[^"]+"><\/script>/);
    expect(page).to.not.match(/<style|<script(?![^>]* src=)|\son\w+=|\sstyle=|data:/);
    const style = read(assets.find((name) => name.endsWith('.css')) ?? '').toString();
    expect(style).to.not.match(/data:|https?:/);
  });

  it('names its files after their content, and loads nothing from other hosts', () => {
    const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
    expect(loaded).to.have.length(3);
    for (const address of loaded)
      expect(address).to.match(/^\.\/assets\/index-[\w-]{8}\.\w+$|^\.\/assets\/icon-[\w-]{8}\.svg$/);
  });

  it('has compressed copies of large files, with identical content', () => {
    const large = [...assets, 'index.html'].filter(
      (name) => !/\.(br|gz)$/.test(name) && read(name).length >= 512,
    );
    expect(large).to.have.length(3);
    for (const name of large) {
      expect(gunzipSync(read(`${name}.gz`)).equals(read(name)), name).to.equal(true);
      expect(read(`${name}.br`).length, name).to.be.below(read(`${name}.gz`).length);
    }
  });
});
