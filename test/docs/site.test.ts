import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { expect } from 'chai';
import { root } from '../support/root.js';

/** What `npm start` serves at `/docs/`, and `npm run docs:site` builds. */
const SITE = join(root, 'apps/docs/dist');

describe('the documentation as a site', () => {
  const files = new Set(
    readdirSync(SITE, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(SITE, join(entry.parentPath, entry.name))),
  );
  const pages = new Map(
    [...files]
      .filter((file) => file.endsWith('.html') && file !== '404.html')
      .map((file) => [file, readFileSync(join(SITE, file), 'utf8')]),
  );

  it('has every page of docs', () => {
    const sources = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md') && file !== 'README.md')
      .map((file) => file.replace(/\.md$/, '.html'));
    expect(sources.length).to.be.above(40);
    expect([...pages.keys()]).to.include.members([
      ...sources,
      'index.html',
      'architecture.html',
      'deploy.html',
    ]);
  });

  it('has no broken link: files and headings exist', () => {
    const broken = [...pages].flatMap(([page, html]) =>
      linksOf(html)
        .filter((link) => !leadsSomewhere(page, link))
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).to.deep.equal([]);
  });

  it('has no link to Markdown: what is no page is a file of the site, or text', () => {
    const unresolved = [...pages].flatMap(([page, html]) =>
      linksOf(html)
        .filter((link) => /\.(md|ts|mjs|lua)$/.test(link))
        .map((link) => `${page}: ${link}`),
    );
    expect(unresolved).to.deep.equal([]);
  });

  it('has every page within two clicks', () => {
    for (const start of ['index.html', 'how-to/scale.html', 'reference/metrics.html']) {
      const near = new Set([start]);
      for (let clicks = 0; clicks < 2; clicks++) {
        for (const page of [...near]) {
          for (const link of linksOf(pages.get(page) ?? '')) near.add(targetOf(page, link));
        }
      }
      expect(
        [...pages.keys()].filter((page) => !near.has(page)),
        start,
      ).to.deep.equal([]);
    }
  });

  it('has a menu for developers, for operators and for those who want to understand, on each page', () => {
    for (const [page, html] of pages) {
      const [menu = ''] = /<nav id="menu".*?<\/nav>/s.exec(html) ?? [];
      const readers = [...menu.matchAll(/class="reader">([^<]+)/g)].map(([, title]) => title);
      expect(readers, page).to.deep.equal(['Build', 'Run', 'Understand']);
      const current = [...menu.matchAll(/href="([^"]+)" aria-current="page"/g)].map(([, link = '']) =>
        targetOf(page, link),
      );
      expect(current, page).to.deep.equal(page === 'index.html' ? [] : [page]);
    }
  });

  it('needs no other host, no script within pages, and no style within pages', () => {
    for (const [page, html] of pages) {
      const text = html.replaceAll(/<pre.*?<\/pre>/gs, '');
      expect(text, page).to.not.match(/<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?\/\//);
      expect(text, page).to.not.match(/<script(?![^>]*src=)|<style|\sstyle="|\son\w+="/);
    }
  });

  function linksOf(html: string): string[] {
    return [...html.matchAll(/\s(?:href|src)="([^"]+)"/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link));
  }

  function targetOf(page: string, link: string): string {
    const [path = ''] = link.split('#');
    return path === '' ? page : posix.join(dirname(page), path);
  }

  function leadsSomewhere(page: string, link: string): boolean {
    const target = targetOf(page, link);
    const [, anchor] = link.split('#');
    if (!files.has(target)) return false;
    return anchor === undefined || (pages.get(target) ?? '').includes(` id="${decodeURIComponent(anchor)}"`);
  }
});
