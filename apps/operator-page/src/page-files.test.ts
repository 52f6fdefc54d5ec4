import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { pageFiles } from './page-files.js';

describe('the files of the operator page', () => {
  const files = new Map(pageFiles().map(({ path, body }) => [path, body.toString()]));

  it('contain everything that one of them loads', () => {
    const asked: string[] = [];
    for (const [path, text] of files) {
      const found = [...text.matchAll(/(?:from |src=|href=|url\()\s*["']([^"']+)["']/g)];
      asked.push(...found.map(([, target = '']) => new URL(target, `http://page${path}`).href));
    }
    expect(asked).to.have.length.of.at.least(20);
    expect([...new Set(asked)].filter((url) => !files.has(new URL(url).pathname))).to.deep.equal([]);
    // All URLs belong to the page.
    expect(asked.filter((url) => !url.startsWith('http://page/'))).to.deep.equal([]);
  });

  it('are all existing modules, without their tests', () => {
    const folder = new URL('../src/browser/', import.meta.url);
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .filter((name) => !name.endsWith('.test.ts'))
      .map((name) => `/page/${name.replace(/\.ts$/, '.js')}`);
    expect([...files.keys()].filter((path) => path.endsWith('.js')).sort()).to.deep.equal(sources.sort());
  });

  it('have no script, style or handler in the markup', () => {
    const page = files.get('/') ?? '';
    expect(page).to.include('<script type="module" src="/page/main.js"></script>');
    expect(page.match(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/gi)).to.equal(null);
  });

  it('never turn text into markup', () => {
    for (const [path, text] of files) {
      const sinks = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/;
      expect(sinks.test(text), path).to.equal(false);
    }
  });
});
