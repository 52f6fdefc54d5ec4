import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createLoadtest, type LoadtestContext } from './create-loadtest.js';
import type { LoadResult } from './result.js';
import type { LoadParts } from './run/load-parts.js';
import { LoadError } from './run/load-parts.js';
import type { Scenario } from './scenario.js';
import { madeUpResult } from './testing/result.js';

const SECRET = 'a secret of tests that is long enough';
const USUAL = ['--target', 'ws://127.0.0.1:9', '--secret', SECRET, '--room-ids', '1-100'];

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the load test command', () => {
  let folder: string;
  let given: { scenario: Scenario; parts: LoadParts } | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-loadtest-'));
  });

  beforeEach(() => {
    given = undefined;
  });

  after(() => rm(folder, { recursive: true }));

  /** Runs the command over an engine that does nothing. */
  const run = async (
    argv: readonly string[],
    end: () => LoadResult = madeUpResult,
    context: Partial<LoadtestContext> = {},
  ): Promise<Ended> => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const loadtest = createLoadtest({
      env: {},
      stdout,
      stderr,
      signal: new AbortController().signal,
      runLoad: async (scenario, parts) => {
        given = { scenario, parts };
        return end();
      },
      ...context,
    });
    const status = await loadtest.run(argv);
    return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  };

  it('exits with 0 when all limits hold, and prints what was measured', async () => {
    const { status, stdout, stderr } = await run([...USUAL, '--max-lost', '0', '--max-p99', '50ms']);
    expect(status).to.equal(0);
    expect(stdout).to.include('--max-lost holds').and.to.include('Verdict');
    expect(stderr).to.equal('');
  });

  it('exits with 1 when a limit is broken, and prints a line for each', async () => {
    const { verdict } = madeUpResult();
    const { status, stdout } = await run(
      [...USUAL, '--max-lost', '2', '--max-p99', '1ms', '--max-p50', '1s'],
      () => madeUpResult({ verdict: { ...verdict, lost: 3 } }),
    );
    expect(status).to.equal(1);
    expect(stdout.split('\n').filter((line) => line.includes('is broken'))).to.deep.equal([
      '--max-lost is broken: 3, allowed: 2',
      '--max-p99 is broken: 8.4 ms, allowed: 1 ms',
    ]);
  });

  it('exits with 2 for options that cannot be used, before the run', async () => {
    const cases: ReadonlyArray<readonly [string[], RegExp]> = [
      [['--duration', 'soon'], /argument 'soon' is invalid\. It must be a time/],
      [
        [...USUAL, '--target', 'ws://example.com'],
        /^example\.com is not this machine: .* say --allow-remote/,
      ],
      [[...USUAL, '--json', join(folder, 'none', 'x.json')], /^--json .*: there is no such folder$/],
      [[...USUAL, '--html', folder], /^--html .*: it is a folder$/],
      [[...USUAL, '--pid', 'ghost=4194305'], /^--pid ghost: there is no process 4194305$/],
      [
        [...USUAL, '--members', '2000'],
        /^--connections 1000, --rooms 100, --members 2000: a room of 2000 needs more than 1000 connections$/,
      ],
      [[...USUAL, '--protocol', 'plain', '--connections', '500'], /: these sockets are in one room each: /],
      [[...USUAL, '--dialect', '/nowhere.js'], /^--dialect \/nowhere\.js: it cannot be loaded: /],
      [
        [...USUAL, '--dialect', fileURLToPath(new URL('cli/usage-error.js', import.meta.url))],
        /it exports no `dialect`$/,
      ],
      [[...USUAL, '--connections', '100m'], /It must be a whole number/],
      [
        [...USUAL, '--connections', '900k'],
        /^--workers 1: a process may open \d+ files and needs 900064; use/,
      ],
      [
        ['--target', 'ws://127.0.0.1:9', '--duration', '2h'],
        /^--duration: the run takes \d+ s, and tokens of the API are valid for an hour; use --secret$/,
      ],
    ];
    for (const [argv, message] of cases) {
      const { status, stdout, stderr } = await run(argv);
      expect(stderr.trimEnd(), argv.join(' ')).to.match(message).and.not.include('\n');
      expect(status, argv.join(' ')).to.equal(2);
      expect(stdout).to.equal('');
    }
    expect(given).to.equal(undefined);
  });

  it('exits with 3 and one line when the run fails for any reason', async () => {
    const failing = (error: Error) => () => {
      throw error;
    };
    const known = await run(USUAL, failing(new LoadError('worker 1 has ended')));
    expect(known).to.deep.include({ status: 3, stderr: 'worker 1 has ended\n' });
    const unknown = await run(USUAL, failing(new TypeError('x is not a function\n  at y')));
    expect(unknown).to.deep.include({ status: 3, stderr: 'the run failed: x is not a function\n' });
    const unreachable = await run(['--target', 'ws://127.0.0.1:9', '--api', 'http://127.0.0.1:1']);
    expect(unreachable.status).to.equal(3);
    expect(unreachable.stderr).to.match(/^--api http:\/\/127\.0\.0\.1:1 cannot be reached: .*\n$/);
  });

  it('exits with 3 when no socket could be opened, whatever the limits are', async () => {
    const { connects } = madeUpResult();
    const { status, stderr } = await run(USUAL, () =>
      madeUpResult({ connects: { ...connects, ok: 0, failed: 9, failures: { '401 Unauthorized': 9 } } }),
    );
    expect(status).to.equal(3);
    expect(stderr).to.match(/^no socket could be opened on ws:.*: 401 Unauthorized\n$/);
  });

  it('is stopped by a signal before there is anything to report', async () => {
    const { status, stderr } = await run(['--target', 'ws://127.0.0.1:9'], madeUpResult, {
      signal: AbortSignal.abort(),
    });
    expect(status).to.equal(3);
    expect(stderr).to.equal('stopped\n');
  });

  it('gives the engine users, rooms, and the processes to measure', async () => {
    await run([
      ...USUAL,
      '--users',
      '7',
      '--rooms',
      '50',
      '--members',
      '20',
      '--prefix',
      'mine',
      '--pid',
      `self=${process.pid}`,
    ]);
    expect(given?.scenario).to.include({ rooms: 50, connections: 1_000 });
    expect(given?.parts.identities.map(({ username }) => username).slice(0, 2)).to.deep.equal([
      'mine-1',
      'mine-2',
    ]);
    expect(given?.parts.identities).to.have.length(7);
    expect(given?.parts.roomIds).to.have.length(100);
    for (const phase of ['before', 'connected', 'measuring', 'end'] as const)
      await given?.parts.costs?.mark(phase);
    const [cost] = given?.parts.costs?.costs() ?? [];
    expect(cost?.name).to.equal('self');
    expect(cost?.residentBytes?.after).to.be.greaterThan(1e6);
  });

  it('takes the secret from the environment as well', async () => {
    const [, , , , ...rest] = USUAL;
    const { status } = await run(['--target', 'ws://127.0.0.1:9', ...rest], madeUpResult, {
      env: { LOADTEST_JWT_SECRET: SECRET },
    });
    expect(status).to.equal(0);
    expect(given?.parts.identities[0]?.token).to.match(/^ey/);
  });

  it('writes the result as JSON and as a page', async () => {
    const [json, html] = [join(folder, 'result.json'), join(folder, 'result.html')];
    await run([...USUAL, '--max-lost', '0', '--json', json, '--html', html]);
    const { thresholds, ...result } = JSON.parse(await readFile(json, 'utf8'));
    expect(result).to.deep.equal(JSON.parse(JSON.stringify(madeUpResult())));
    expect(thresholds).to.deep.equal([{ name: 'max-lost', limit: 0, measured: 0, unit: '', holds: true }]);
    expect(await readFile(html, 'utf8')).to.match(/^<!doctype html>/);
    expect(await readFile(json, 'utf8')).to.not.include(SECRET);
  });

  it('shows the progress in lines when it cannot draw', async () => {
    const { stderr } = await run(USUAL, () => {
      for (const phase of ['before', 'measuring'] as const) given?.parts.onPhase?.(phase);
      for (const moment of madeUpResult().timeline) given?.parts.onMoment?.(moment);
      return madeUpResult();
    });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.slice(0, 3)).to.deep.equal(['connecting', 'measuring', lines[2]]);
    expect(lines[2]).to.match(/^1 s: 500 of 1,000 sockets in their rooms; sent 0\/s/);
    expect(lines, 'not one a second').to.have.length(5);
  });

  it('draws the progress on a terminal, and removes the drawing at the end', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 30 });
    await run(
      USUAL,
      () => {
        given?.parts.onPhase?.('measuring');
        for (const moment of madeUpResult().timeline) given?.parts.onMoment?.(moment);
        return madeUpResult();
      },
      { stderr: terminal },
    );
    const drawn = String(terminal.read());
    expect(drawn).to.include('measuring').and.to.include('1,000 of 1,000 sockets in their rooms');
    const eraseLine = '\u001b[2K';
    expect(drawn.lastIndexOf(eraseLine)).to.be.greaterThan(drawn.lastIndexOf('sockets'));
  });
});
