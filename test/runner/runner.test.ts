import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookUpProcess } from '@chorus/local';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { root } from '../support/root.js';
import { type Program, startProgram } from '../support/servers/program.js';

const SERVERS = join(root, 'test/dist/support/servers');

/** Starts a program that lives until it is ended, and says in a file which process it is. */
const STARTS_PROGRAM = (folder: string): string => `
  import { existsSync, readFileSync } from 'node:fs';
  import { startProgram } from '${SERVERS}/program.js';
  const file = '${folder}/pid';
  async function startLasting() {
    startProgram('${folder}/lasting.mjs', [], { FILE: file });
    while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 20));
  }
`;
const LASTING = `
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1_000);
  (await import('node:fs')).writeFileSync(process.env.FILE, String(process.pid));
`;

describe('a run of tests', function () {
  this.timeout(120_000);
  let folder: string;
  const programs: Program[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-runner-'));
    await writeFile(join(folder, 'lasting.mjs'), LASTING);
  });
  afterEach(async () => {
    for (const program of programs.splice(0)) program.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** Runs the tests of a file. */
  const run = async (tests: string, env: Record<string, string> = {}): Promise<Program> => {
    const file = join(folder, 'planted.test.js');
    await writeFile(file, `${STARTS_PROGRAM(folder)}\n${tests}`);
    const program = startProgram('test/run.mjs', [file], { TEST_PREPARED: 'true', ...env });
    programs.push(program);
    return program;
  };
  const lines = ({ stdout }: Program): string[] => stdout.trimEnd().split('\n');
  const expectEnd = async (program: Program, counts: string, ...failures: RegExp[]): Promise<void> => {
    expect(await program.ended).to.equal(1);
    expect(lines(program).at(-1)).to.equal(counts);
    const listed = program.stdout.slice(program.stdout.lastIndexOf('Failures:\n'));
    for (const failure of failures) expect(listed).to.match(failure);
  };
  const lasting = async (): Promise<number> => Number(await readFile(join(folder, 'pid'), 'utf8'));
  const untilPlanted = (): Promise<void> => until(() => existsSync(join(folder, 'pid')));

  it('ends with its failures and the counts', async () => {
    const program = await run(`describe('planted', () => {
      it('passes', () => {});
      it('fails', () => { throw new Error('so it is'); });
      it.skip('is skipped', () => {});
      it('throws later', (done) => { setTimeout(() => { throw new Error('much later'); }, 10); });
      describe('with a hook', () => { before(() => { throw new Error('in a hook'); }); it('never runs', () => {}); });
    });`);
    await expectEnd(
      program,
      '1 passed, 3 failed, 1 skipped',
      /1\) planted fails\n {5}so it is\n/,
      /2\) planted throws later\n {5}.*much later/,
      /3\) planted with a hook "before all" hook.*\n {5}in a hook/,
    );
  });

  it('repeats the beginning and the end of a long message', async () => {
    const program = await run(`it('fails', () => {
      throw new Error(Array.from({ length: 100 }, (_, at) => 'line ' + at).join('\\n'));
    });`);
    await expectEnd(
      program,
      '0 passed, 1 failed',
      / {5}line 3\n {5}… \d+ lines …\n.*line 70\n[\s\S]*line 99\n/,
    );
  });

  it('ends with status 0 when all pass', async () => {
    const program = await run(`it('passes', () => {});`);
    expect(await program.ended).to.equal(0);
    expect(lines(program).at(-1)).to.equal('1 passed, 0 failed');
    expect(program.stdout).not.to.include('Failures');
  });

  it('names a file that cannot be loaded', async () => {
    const program = await run(`throw new Error('no such thing');`);
    await expectEnd(
      program,
      '0 passed, 1 failed',
      /1\) the tests\n {5}the process ended with status 1 before/,
    );
    expect(program.stdout).to.include('no such thing');
  });

  it('counts what passed before its process died, names where, and ends what was started', async () => {
    const program = await run(`describe('planted', () => {
      it('passes', startLasting);
      it('dies', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); });
      it('never runs', () => {});
    });`);
    await expectEnd(
      program,
      '1 passed, 1 failed',
      /1\) planted dies\n {5}the process was ended by SIGKILL before/,
    );
    expect(await lookUpProcess(await lasting())).to.equal(undefined);
  });

  it('ends standalone and its PostgreSQL, too', async () => {
    const program = await run(`
      import { writeFileSync } from 'node:fs';
      import { startTestStandalone } from '${SERVERS}/standalone.js';
      it('leaves standalone behind', async function () {
        this.timeout(60_000);
        const { dataDir } = await startTestStandalone();
        writeFileSync('${folder}/postgres', readFileSync(dataDir + '/postgres/cluster/postmaster.pid', 'utf8'));
        process.exit(3);
      });`);
    await expectEnd(
      program,
      '0 passed, 1 failed',
      /leaves standalone behind\n {5}the process ended with status 3/,
    );
    const [pid, dataDir] = (await readFile(join(folder, 'postgres'), 'utf8')).split('\n');
    // A process that started less than a second before its owner ended is not known to the runner: its guard ends it.
    await until(async () => (await lookUpProcess(Number(pid))) === undefined);
    await rm(join(dataDir ?? '', '../..'), { recursive: true });
  });

  it('ends a test that hangs, and what it started', async () => {
    const program = await run(
      `it('hangs', async function () { this.timeout(0); await startLasting(); await new Promise(() => setInterval(() => {}, 1_000)); });`,
      { TEST_STEP_WITHIN_MS: '8000' },
    );
    await expectEnd(program, '0 passed, 1 failed', /1\) hangs\n {5}not done within 8 s/);
    expect(await lookUpProcess(await lasting())).to.equal(undefined);
  });

  it('counts something that is left running as a failure', async () => {
    const program = await run(`it('passes', () => { setInterval(() => {}, 1_000); });`);
    await expectEnd(program, '1 passed, 1 failed', /1\) the tests\n {5}left something running: .*Timeout/);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends everything on ${signal}, and says what was done by then`, async () => {
      const program = await run(`
        it('passes', startLasting);
        it('waits', async function () { this.timeout(0); console.log('waiting'); await new Promise(() => setInterval(() => {}, 1_000)); });`);
      await untilPlanted();
      await program.printed(/waiting/);
      if (signal === 'SIGINT') program.interrupt();
      else program.kill(signal);
      await expectEnd(
        program,
        '1 passed, 2 failed',
        /1\) the run\n {5}ended by SIG/,
        /2\) waits\n {5}the process was ended/,
      );
      expect(await lookUpProcess(await lasting())).to.equal(undefined);
    });
  }

  it('leaves nothing behind when it is killed itself', async () => {
    const program = await run(`it('waits', async function () {
      this.timeout(0);
      await startLasting();
      await new Promise(() => setInterval(() => {}, 1_000));
    });`);
    await untilPlanted();
    program.kill('SIGKILL');
    const pid = await lasting();
    await until(async () => (await lookUpProcess(pid)) === undefined);
  });
});
