import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { build } from 'esbuild';
import { root } from '../support/root.js';
import { withPackage } from './published-package.js';

const exec = promisify(execFile);
const EXAMPLES = join(root, 'packages/react/examples');
const NAMES = ['vite', 'nextjs'];
/** What the lockfile has of the packages that the examples install. */
const INSTALLED = join(root, 'packages/react/node_modules');

describe('the examples with React', function () {
  this.timeout(120_000);

  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(root, 'test/dist/react-examples-'));
    // Without what was installed and built there by hand.
    const filter = (path: string): boolean => !/\/(node_modules|\.next|dist)$/.test(path);
    for (const name of NAMES) {
      await cp(join(EXAMPLES, name), join(folder, name), { recursive: true, filter });
    }
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, '@chorus'), { recursive: true });
    for (const name of ['client', 'react'] as const) {
      await withPackage(name, (made) => cp(made, join(modules, '@chorus', name), { recursive: true }));
    }
    const others = ['react', 'react-dom', 'vite', '@types', '@vitejs'];
    for (const name of others) await symlink(join(INSTALLED, name), join(modules, name));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = (name: string, command: string, ...args: string[]): Promise<string> =>
    exec(command, args, { cwd: join(folder, name) }).then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }) => {
        throw new Error(stdout + stderr);
      },
    );

  it('name every package that they import', async () => {
    for (const name of NAMES) {
      const { dependencies, devDependencies } = JSON.parse(
        await readFile(join(folder, name, 'package.json'), 'utf8'),
      );
      const files = await readdir(join(folder, name), { recursive: true });
      const texts = await Promise.all(
        files
          .filter((file) => /\.(mjs|jsx|tsx?)$/.test(file))
          .map((file) => readFile(join(folder, name, file), 'utf8')),
      );
      const imports = texts.join('\n').matchAll(/from '((?:@[^/']+\/)?[^./'][^/']*)/g);
      const imported = [...imports].map(([, module]) => module);
      expect(Object.keys({ ...dependencies, ...devDependencies })).to.include.members(imported);
    }
  });

  it('with Vite builds', async () => {
    expect(await run('vite', process.execPath, '../node_modules/vite/bin/vite.js', 'build')).to.include(
      'built',
    );
  });

  it('with Next.js type-checks, and its page is rendered on a server', async () => {
    await run('nextjs', join(root, 'node_modules/.bin/tsc'), '-p', '.');
    const program = `
      import { renderToString } from 'react-dom/server';
      import { createElement } from 'react';
      import Page from './app/page';
      console.log(renderToString(createElement(Page)));
    `;
    const outfile = join(folder, 'nextjs/page.cjs');
    await build({
      ...{ stdin: { contents: program, resolveDir: join(folder, 'nextjs') }, outfile },
      ...{ bundle: true, platform: 'node', format: 'cjs', jsx: 'automatic', logLevel: 'silent' },
    });
    expect(await run('nextjs', process.execPath, outfile)).to.match(
      /<h1>Chat<\/h1>.*placeholder="User name"/,
    );
  });
});
