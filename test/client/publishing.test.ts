import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { root } from '../support/root.js';
import { withPackage } from './published-package.js';
import { BUDGETS, bundleSize } from './size.js';

const exec = promisify(execFile);
/** An address at which nothing answers: publishing for trial asks no registry. */
const NO_REGISTRY = ['--registry', 'http://127.0.0.1:9', '--fetch-retries', '0'];
const tool = (name: string): string => join(root, 'test/node_modules/.bin', name);

for (const name of ['client', 'react'] as const) {
  describe(`@chorus/${name}`, function () {
    this.timeout(120_000);

    /** Runs a command in the folder that is published. @throws all that it prints, if it fails */
    const run = (folder: string, command: string, ...args: string[]): Promise<string> =>
      exec(command, args, { cwd: folder, env: { ...process.env, NO_COLOR: '1' } }).then(
        ({ stdout, stderr }) => stdout + stderr,
        ({ stdout, stderr }) => {
          throw new Error(stdout + stderr);
        },
      );

    it('can be published', async () => {
      await withPackage(name, async (folder) => {
        const output = await run(folder, 'npm', 'publish', '--dry-run', ...NO_REGISTRY);
        expect(output).to.include(`+ @chorus/${name}@`).and.to.include('public access');
        for (const file of ['LICENSE', 'README.md', 'index.d.ts', 'index.js', 'index.js.map']) {
          expect(output).to.include(` ${file}\n`);
        }
      });
    });

    it('passes publint', async () => {
      await withPackage(name, async (folder) => {
        expect(await run(folder, tool('publint'), '--strict', '--pack', 'npm')).to.include('All good');
      });
    });

    it('has types that fit its module, for bundlers and for Node', async () => {
      await withPackage(name, async (folder) => {
        const file = (await run(folder, 'npm', 'pack', '--silent')).trim();
        const output = await run(
          folder,
          tool('attw'),
          ...['--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', file],
        );
        expect(output)
          .to.match(/node16 \(from ESM\) .*OK \(ESM\)/)
          .and.to.match(/bundler .*OK/);
      });
    });
  });
}

describe('@chorus/react', () => {
  const { code, gzipped: most } = BUDGETS.react.everything;
  it(`imports the client and React only, and has at most ${most} bytes gzipped`, async () => {
    await withPackage('react', async (folder) => {
      const { gzipped } = await bundleSize('react', folder, code);
      expect(gzipped).to.be.within(1_000, most);
    });
  });
});
