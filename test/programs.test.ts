import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startProgram } from './support/servers/program.js';

describe('a bundled program', function () {
  this.timeout(30_000);

  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-programs-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('names the sources in the stack of an error', async () => {
    const bug = join(folder, 'bug.cjs');
    await writeFile(bug, `require('node:http').createServer = () => { throw new TypeError('a bug'); };`);
    const program = startProgram('dist/archiver.js', [], {
      PORT: '0',
      DATABASE_URL: 'postgresql://127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      NODE_OPTIONS: `--require ${bug}`,
    });
    expect(await program.ended, program.stderr).to.equal(1);
    const line = program.stderr.split('\n').find((candidate) => candidate.includes('a bug')) ?? '{}';
    const { err } = JSON.parse(line) as { err?: { stack?: string } };
    expect(err?.stack).to.match(/packages\/service\/src\/http\/server\.ts:\d+/);
    expect(err?.stack).to.match(/apps\/archiver\/src\/main\.ts:\d+/);
  });
});
