// Builds the documentation as a site of plain files:
//
//   node apps/docs/build.mjs [--out <folder>] [--base <path>] [--source <address>]
//
// --out     folder of the site, which is emptied first; by default apps/docs/dist
// --base    path below which a server offers it, for the page of unknown addresses only; by default /docs/
// --source  address of this repository's files on a code host; without it, links to files that are no pages are text
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import Eleventy from '@11ty/eleventy';
import { build } from 'esbuild';
import { layout } from './src/layout.mjs';
import { readLibrary, root } from './src/library.mjs';
import { Links } from './src/links.mjs';
import { extendMarkdown } from './src/markdown.mjs';

/** Pages that only repeat what others say. */
const UNSEARCHED = new Set(['docs/README.md', 'CHANGELOG.md']);
/** Smaller files are not compressed. */
const LEAST_BYTES = 512;
/** Fast enough to compress all pages in a second. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(here, 'dist') },
    base: { type: 'string', default: '/docs/' },
    source: { type: 'string' },
  },
});
const out = resolve(values.out);
// The generator takes paths relative to its folder.
process.chdir(here);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const { pages, menu } = readLibrary();
const links = new Links(pages, values.source?.replace(/\/$/, ''));
const sections = new Map();
const site = { menu, assets: await buildAssets() };
await writePages();
await Promise.all([...links.copies].map(([from, to]) => copy(join(root, from), join(out, to))));
await copy(join(root, 'apps/web/src/icon.svg'), join(out, 'images/icon.svg'));
writeFileSync(join(out, 'search.json'), JSON.stringify(searchIndex()));
writeFileSync(join(out, '404.html'), notFoundPage());
await compressAll();

/** Bundles script and style, named after their content. */
async function buildAssets() {
  const { metafile } = await build({
    entryPoints: { site: join(here, 'src/browser/site.ts'), style: join(here, 'src/browser/style.css') },
    outdir: join(out, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    splitting: true,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    metafile: true,
    logLevel: 'warning',
  });
  const named = (entry) => {
    const [file] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(entry));
    return `assets/${basename(file)}`;
  };
  return { script: named('site.ts'), style: named('style.css') };
}

async function writePages() {
  const generator = new Eleventy('pages', relative(here, out) || '.', {
    quietMode: true,
    configPath: false,
    config(config) {
      config.setUseGitIgnore(false);
      config.amendLibrary('md', (md) => extendMarkdown(md, links, sections));
      for (const { source, path, title, text } of pages.values()) {
        const frame = { source, permalink: path, title, layout: 'page.11ty.mjs', site, frame: layout };
        config.addTemplate(path.replace(/\.html$/, '.md'), text, frame);
      }
      // No template language: braces in the texts are only braces.
      return { markdownTemplateEngine: false, htmlTemplateEngine: false };
    },
  });
  generator.disableLogger();
  await generator.write();
}

/** What the search reads: pages by number, and `[page, anchor, title, text]` of each section. */
function searchIndex() {
  const list = [...pages.values()];
  return {
    pages: list.map(({ path, title }) => [path, title]),
    sections: list.flatMap(({ source }, page) =>
      (UNSEARCHED.has(source) ? [] : sections.get(source)).map(({ anchor, title, text }) => [
        page,
        anchor,
        title,
        text.trim(),
      ]),
    ),
  };
}

function notFoundPage() {
  const content = `<h1>No such page</h1><p>Try the search, or the <a href="${values.base}index.html">index</a>.</p>\n`;
  return layout({ path: '404.html', title: 'No such page' }, content, site, values.base);
}

/** Writes `.br` and `.gz` beside every file, for servers that send existing files. */
async function compressAll() {
  const entries = await readdir(out, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.png'));
  await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const file = join(parentPath, name);
      const bytes = await readFile(file);
      if (bytes.length < LEAST_BYTES) return;
      await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, BROTLI));
      await writeFile(`${file}.gz`, await promisify(gzip)(bytes));
    }),
  );
}

async function copy(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
