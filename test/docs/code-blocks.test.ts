import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Loader, transform } from 'esbuild';
import { parseAllDocuments } from 'yaml';
import { root } from '../support/root.js';

const LOADERS: Readonly<Record<string, Loader>> = { js: 'js', jsx: 'jsx', ts: 'ts', tsx: 'tsx' };
/** Written from docstrings: declarations, of which many are parts of a class. */
const REFERENCES = /^docs\/reference\/(client|react)\.md$/;

interface Block {
  readonly place: string;
  readonly language: string;
  readonly code: string;
}

describe('the code in the documents', () => {
  const pages = ['README.md', 'deploy/README.md', 'packages/client/README.md', 'packages/react/README.md'];
  for (const file of readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.md') && !REFERENCES.test(`docs/${file}`)) pages.push(`docs/${file}`);
  }
  const blocks = pages.flatMap(blocksOf);

  it('is JavaScript or TypeScript without errors of syntax', async () => {
    const programs = blocks.filter(({ language }) => language in LOADERS);
    expect(programs.length).to.be.above(30);
    const errors = await Promise.all(
      programs.map(({ place, language, code }) =>
        transform(code, { loader: LOADERS[language] ?? 'js', format: 'esm', logLevel: 'silent' }).then(
          () => '',
          (error: Error) => `${place}: ${error.message}`,
        ),
      ),
    );
    expect(errors.filter((error) => error !== '')).to.deep.equal([]);
  });

  it('is valid YAML', () => {
    const errors = blocks
      .filter(({ language }) => language === 'yaml')
      .flatMap(({ place, code }) =>
        parseAllDocuments(code).flatMap((document) =>
          'errors' in document ? document.errors.map(({ message }) => `${place}: ${message}`) : [],
        ),
      );
    expect(errors).to.deep.equal([]);
  });
});

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^( *)```(\w+).*\n([\s\S]*?)^\1```$/gm)].map(
    ([, indent = '', language = '', code = ''], index) => ({
      place: `${page}, block ${index + 1}`,
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}
