import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe('bootstrap', function () {
  this.timeout(20_000);

  for (const name of ['a#b', 'a?b']) {
    it(`reports in one line that it cannot work in a folder called ${name}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'chorus-path-'));
      try {
        const clone = join(folder, name);
        await mkdir(join(clone, 'packages/local'), { recursive: true });
        for (const file of ['package.json', 'packages/local/bootstrap.mjs']) {
          await copyFile(join(ROOT, file), join(clone, file));
        }
        const { status, stderr, stdout } = spawnSync(process.execPath, ['packages/local/bootstrap.mjs'], {
          cwd: clone,
          encoding: 'utf8',
        });
        expect([status, stdout, stderr]).to.deep.equal([
          1,
          '',
          `The path ${clone} contains # or ?: move Chorus to a folder without them.\n`,
        ]);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
