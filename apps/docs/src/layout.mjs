// The frame of every page: header with search, menu, contents of the page.
import { posix } from 'node:path';

/**
 * Returns the whole page.
 * @param page `{ path, title }`; its path on the site
 * @param content markup of the text
 * @param site `{ menu, assets: { script, style } }`
 * @param base what links of the page begin with; by default they are relative, so the site works below any path
 */
export function layout(page, content, site, base) {
  const to = (path) => (base === undefined ? posix.relative(posix.dirname(page.path), path) : base + path);
  const title = page.path === 'index.html' ? 'Chorus documentation' : `${page.title} · Chorus`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="${to('images/icon.svg')}">
<link rel="stylesheet" href="${to(site.assets.style)}">
<script type="module" src="${to(site.assets.script)}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="brand" href="${to('index.html')}">Chorus</a>
<a class="to-menu" href="#menu">Menu</a>
<search data-index="${to('search.json')}" data-root="${to('')}" hidden>
<input type="search" aria-label="Search the documentation" placeholder="Search" autocomplete="off" spellcheck="false">
<div class="found" hidden><p role="status"></p><ul aria-label="Found sections"></ul></div>
</search>
</header>
<div class="columns">
<nav id="menu" aria-label="Documentation">
${site.menu.map((reader) => menuOf(reader, page, to)).join('\n')}
</nav>
<main id="content" tabindex="-1">
${content}</main>
${contentsOf(content)}
</div>
</body>
</html>
`;
}

function menuOf({ title, parts }, page, to) {
  const entry = ({ path, label }) =>
    `<li><a href="${to(path)}"${path === page.path ? ' aria-current="page"' : ''}>${escaped(label)}</a></li>`;
  const lists = parts.map(
    (part) =>
      `<li><p>${escaped(part.title)}</p><ul aria-label="${escaped(`${title}: ${part.title}`)}">${part.entries.map(entry).join('')}</ul></li>`,
  );
  return `<p class="reader">${escaped(title)}</p>\n<ul aria-label="${escaped(title)}">${lists.join('\n')}</ul>`;
}

/** Links to the headings of level 2, if there are several. */
function contentsOf(content) {
  const headings = [...content.matchAll(/<h2 id="([^"]+)">(.*?)<\/h2>/gs)];
  if (headings.length < 2) return '';
  const entries = headings.map(
    ([, id, text]) => `<li><a href="#${id}">${text.replaceAll(/<[^>]+>/g, '')}</a></li>`,
  );
  return `<nav class="contents" aria-label="On this page"><p>On this page</p><ul>${entries.join('')}</ul></nav>`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
