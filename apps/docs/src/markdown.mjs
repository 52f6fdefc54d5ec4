// What the pages need beyond plain Markdown. Installed into the Markdown library of the generator.
import hljs from 'highlight.js/lib/common';

/**
 * Adds to a markdown-it: anchors as code hosts make them, links of the site, coloured code, and tables and code that can
 * be scrolled with the keyboard.
 * @param links resolves links, see `Links`
 * @param sections gets the sections of each page, for the search: by Markdown file a list of `{ anchor, title, text }`
 */
export function extendMarkdown(md, links, sections) {
  // Pages of the repository may contain markup, such as `<img>` with a width.
  md.set({ html: true, linkify: false, highlight: colour });
  md.core.ruler.push('chorus', ({ tokens, env }) => {
    anchorHeadings(tokens);
    for (const token of tokens) {
      rewriteMarkup(token, links, env.source);
      if (token.children !== null) rewriteInline(token, links, env.source);
    }
    sections.set(env.source, sectionsOf(tokens));
  });
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (...args) => fence(...args).replace('<pre', '<pre tabindex="0"');
  md.renderer.rules.table_open = () =>
    '<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n';
  // A header cell without text names nothing.
  md.core.ruler.push('chorus_empty_headers', ({ tokens }) => {
    for (const [at, token] of tokens.entries()) {
      const [text, end] = [tokens[at + 1], tokens[at + 2]];
      if (token.type === 'th_open' && text.content === '') [token.tag, end.tag] = ['td', 'td'];
    }
  });
  md.renderer.rules.table_close = () => '</table></div>\n';
}

/** Returns coloured code as markup, with classes only; empty (the library escapes it) if the language is not known. */
function colour(code, language) {
  const known = { jsx: 'javascript', tsx: 'typescript', sh: 'bash' }[language] ?? language;
  return hljs.getLanguage(known) === undefined ? '' : hljs.highlight(code, { language: known }).value;
}

/** Gives headings ids, unique on the page. */
function anchorHeadings(tokens) {
  const seen = new Map();
  for (const [at, token] of tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const slug = textOf(tokens[at + 1])
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    token.attrSet('id', before === 0 ? slug : `${slug}-${before}`);
  }
}

/** Addresses in markup. */
function rewriteMarkup(token, links, source) {
  if (token.type !== 'html_block' && token.type !== 'html_inline') return;
  token.content = token.content.replace(
    /\b(href|src)="([^"]+)"/g,
    (_, name, value) => `${name}="${links.resolve(source, value) ?? value}"`,
  );
}

function rewriteInline(token, links, source) {
  const dropped = [];
  for (const child of token.children) {
    rewriteMarkup(child, links, source);
    if (child.type === 'image') child.attrSet('src', links.resolve(source, child.attrGet('src')));
    if (child.type === 'link_open') {
      const href = links.resolve(source, child.attrGet('href'));
      dropped.push(href === undefined);
      if (href !== undefined) child.attrSet('href', href);
      // A file that only the repository has: its text stays.
      else
        [child.type, child.tag, child.attrs] = ['em_open', 'span', [['title', 'A file of the repository']]];
    }
    if (child.type === 'link_close' && dropped.pop()) [child.type, child.tag] = ['em_close', 'span'];
  }
}

/** Returns the text below each heading down to the third level. */
function sectionsOf(tokens) {
  const sections = [];
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'heading_open' && token.tag <= 'h3') {
      sections.push({ anchor: token.attrGet('id'), title: textOf(tokens[at + 1]), text: '' });
    } else if (sections.length > 0 && tokens[at - 1]?.type !== 'heading_open') {
      if (token.type === 'inline') sections.at(-1).text += `${textOf(token)} `;
      if (token.type === 'fence') sections.at(-1).text += `${token.content} `;
    }
  }
  return sections;
}

/** Text of an inline token without marks. */
function textOf({ children }) {
  return children
    .map(({ type, content }) =>
      type === 'text' || type === 'code_inline' ? content : type.endsWith('break') ? ' ' : '',
    )
    .join('');
}
