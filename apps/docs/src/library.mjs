// Which Markdown files of the repository become pages, where, and in which order the menu lists them.
import { readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The index. Its headings of level 2 and 3, and its lists of links, are the menu. */
const INDEX = 'docs/README.md';
const LINK = /\[([^\]]+)\]\(([^)#\s]+\.md)(?:#[^)]*)?\)/g;

/**
 * Returns the pages of the site, the index first, and its menu. A page is a Markdown file to which the index leads.
 * @throws {Error} the index links a file that does not exist
 */
export function readLibrary() {
  const pages = new Map([[INDEX, readPage(INDEX)]]);
  const menu = [];
  for (const line of readFileSync(join(root, INDEX), 'utf8').split('\n')) {
    const [, level, title] = /^(##|###) (.+)$/.exec(line) ?? [];
    if (level === '##') menu.push({ title, parts: [] });
    if (level === '###') menu.at(-1).parts.push({ title, entries: [] });
    for (const [, label, target] of line.matchAll(LINK)) {
      const source = posix.join(posix.dirname(INDEX), target);
      if (!pages.has(source)) pages.set(source, readPage(source));
      // The table above the first heading is not in the menu, and a page is in it once.
      const listed = menu.some(({ parts }) =>
        parts.some(({ entries }) => entries.some((entry) => entry.source === source)),
      );
      if (menu.at(-1)?.parts.length > 0 && !listed) {
        menu
          .at(-1)
          .parts.at(-1)
          .entries.push({ source, label: plain(label), path: pathOf(source) });
      }
    }
  }
  return { pages, menu };
}

/** Path on the site of a Markdown file of the repository: `docs/how-to/scale.md` is at `how-to/scale.html`. */
function pathOf(source) {
  if (source === INDEX) return 'index.html';
  return source
    .replace(/^docs\//, '')
    .replace(/\/README\.md$/, '.md')
    .replace(/\.md$/, '.html')
    .toLowerCase();
}

function readPage(source) {
  const text = readFileSync(join(root, source), 'utf8');
  const title = /^# (.+)$/m.exec(text)?.[1] ?? source;
  return { source, path: pathOf(source), title: plain(title), text };
}

/** Text without the marks of code. */
function plain(text) {
  return text.replaceAll('`', '');
}
