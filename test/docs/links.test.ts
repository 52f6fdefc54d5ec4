import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';
import { root } from '../support/root.js';

const NOT_OURS = new Set(['node_modules', 'dist', 'generated']);
const CODE_BLOCK = /^ *```[\s\S]*?^ *```$/gm;

describe('the links of the documents', () => {
  const pages = pagesBelow(root);

  it('lead to files and headings that exist', () => {
    expect(pages).to.include.members(['README.md', 'ARCHITECTURE.md', 'docs/README.md', 'deploy/README.md']);
    const broken = pages.flatMap((page) => linksOf(page).filter((link) => !leadsSomewhere(page, link)));
    expect(broken).to.deep.equal([]);
  });

  it('in docs/README.md lead to every page of docs', () => {
    const listed = linksOf('docs/README.md').map(({ path }) => join('docs', path));
    const all = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
    expect(all.length).to.be.above(10);
    expect(all.filter((page) => !listed.includes(page))).to.deep.equal([]);
  });
});

interface Link {
  readonly page: string;
  readonly path: string;
  readonly anchor: string;
}

function linksOf(page: string): Link[] {
  const text = readFileSync(join(root, page), 'utf8').replace(CODE_BLOCK, '');
  return [...text.matchAll(/(?:\]\(|src=")([^)"#\s]*)(?:#([^)"\s]+))?[)"]/g)]
    .map(([, path = '', anchor = '']) => ({ page, path, anchor }))
    .filter(({ path, anchor }) => !/^[a-z]+:|^\//.test(path) && path + anchor !== '');
}

function leadsSomewhere(page: string, { path, anchor }: Link): boolean {
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === '' || anchorsOf(target).has(anchor);
}

/** Anchors of headings, as GitHub makes them, and those that are written as `<a id>`. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(join(root, page), 'utf8');
  const headings = [...text.replace(CODE_BLOCK, '').matchAll(/^#+ (.+)$/gm)];
  const seen = new Map<string, number>();
  const titles = headings.map(([, title = '']) => {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return new Set([...titles, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id = '']) => id)]);
}

/** Markdown files, relative to the root. */
function pagesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name) || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pagesBelow(path);
    return entry.name.endsWith('.md') ? [relative(root, path)] : [];
  });
}
