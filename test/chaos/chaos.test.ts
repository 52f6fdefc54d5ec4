import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { type Program, startProgram } from '../support/servers/program.js';
import { FAULT_KINDS } from './faults/fault-kinds.js';
import { possibleKinds } from './faults/possible-kinds.js';
import type { FaultKind } from './history/history.js';
import { reportPage } from './report/page.js';
import { planFaults } from './run/schedule.js';
import { type ChaosResult, runChaos } from './run-chaos.js';

const SECONDS = 30;
const CROWD = { clients: 120, rooms: 12, rate: 120 };
/**
 * Left to `pnpm chaos`: some seconds after a replica with a lag took over, a user who left and came back within the grace
 * was announced as gone (`--faults redis-promotion,vanished-clients,long-absences --seed 21`), and the cause is not known.
 */
const LEFT_OUT: readonly FaultKind[] = ['redis-promotion'];
/** Of those that a schedule begins with, on a machine that is too busy for more. */
const AT_LEAST = 3;

describe('a cluster in which one thing breaks after the other, others in every run', function () {
  this.timeout(240_000);

  let result: ChaosResult;
  before(async () => {
    const seed = randomInt(2 ** 31);
    // The kinds take turns: so few that their needs do not slow down every run.
    const { servers, clients } = planFaults(
      seed,
      SECONDS,
      FAULT_KINDS.filter((kind) => !LEFT_OUT.includes(kind)),
    );
    const kinds = new Set([...servers, ...clients].map(({ kind }) => kind));
    const faults = await possibleKinds([...kinds], (line) => console.log(line));
    const crowd = Object.entries(CROWD).map(([name, value]) => `--${name} ${value}`);
    console.log(
      `pnpm chaos --seed ${seed} --seconds ${SECONDS} ${crowd.join(' ')} --faults ${faults.join(',')}`,
    );
    result = await runChaos(
      { ...CROWD, scenario: 'faults', seconds: SECONDS, seed, faults, settings: {}, direct: false },
      { signal: AbortSignal.timeout(230_000), say: (line) => console.log(line) },
    );
  });

  it('keeps every promise', () => {
    const broken = result.verdicts.filter(({ violations }) => violations > 0);
    expect(broken.map(({ rule, examples }) => ({ rule, examples }))).to.deep.equal([]);
    expect(result.verdicts.length).to.be.above(10);
  });

  it('was really broken, as its schedule says', () => {
    const { servers, clients } = result.schedule;
    for (const planned of [servers, clients]) {
      const kinds: readonly FaultKind[] = planned.map(({ kind }) => kind);
      const done = result.faults.map(({ kind }) => kind).filter((kind) => kinds.includes(kind));
      expect(done).to.deep.equal(kinds.slice(0, done.length));
      expect(done).to.have.length.of.at.least(Math.min(AT_LEAST, kinds.length));
    }
    for (const { what } of result.faults) expect(what).to.not.equal('');
  });

  it('really worked meanwhile', () => {
    const { messages, delivered, resumes } = result.figures;
    expect(messages.acked).to.be.above(1_000);
    expect(delivered).to.be.above(10_000);
    expect(resumes.recovered + resumes.notRecovered).to.be.above(5);
  });

  it('is drawn on a page that needs nothing from elsewhere', () => {
    const page = reportPage(result);
    for (const { kind } of result.faults) expect(page).to.include(`${kind}: `);
    expect(page)
      .to.include('every rule holds')
      .and.to.match(/<path class="p99" d="M\d/);
    expect(page).to.not.match(/\b(?:src|href)=|https?:|@import|url\(/);
  });
});

describe('pnpm chaos', function () {
  this.timeout(120_000);

  const launch = (args: readonly string[], env: Record<string, string> = {}): Program =>
    startProgram('test/dist/chaos/main.js', args, env);

  it('kills standalone, prints its seed, its figures and every verdict, and writes the page', async () => {
    const report = join(tmpdir(), `chaos-report-${process.pid}.html`);
    const program = launch([
      ...['--scenario', 'standalone', '--clients', '12', '--rooms', '2', '--rate', '30', '--seconds', '8'],
      ...['--faults', 'standalone-kill,vanished-clients', '--seed', '4', '--report', report],
    ]);
    try {
      const end = await program.ended;
      expect(end, program.stdout + program.stderr).to.equal(0);
      expect(program.stdout).to.include('seed 4: 12 clients').and.include('Every rule holds.');
      expect(program.stdout)
        .to.match(/by SIGKILL/)
        .and.match(/one-departure.*holds/)
        .and.match(/messages sent/);
      expect(await readFile(report, 'utf8')).to.match(/^<!doctype html>/);
    } finally {
      await rm(report, { force: true });
      await rm(`${report}.log`, { force: true });
    }
  });

  it('ends everything that it started when it is interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-chaos-'));
    const program = launch(['--seconds', '600', '--clients', '20', '--rooms', '2'], { TMPDIR: folder });
    try {
      await eventually(() => expect(program.stderr).to.include('of chaos'), 100_000);
      expect(await readdir(folder)).to.have.length.above(0);
    } finally {
      program.interrupt();
      expect(await program.ended).to.equal(1);
    }
    // The servers' data goes when they have ended.
    await eventually(async () => expect(await readdir(folder)).to.deep.equal([]));
    await rm(folder, { recursive: true });
  });

  it('says in one line what is wrong with an option', async () => {
    const program = launch(['--faults', 'fire']);
    expect(await program.ended).to.equal(1);
    expect(program.stderr).to.match(/^error: option '--faults <list>' argument 'fire' is invalid\..*\n$/);
    const other = launch(['--scenario', 'standalone', '--faults', 'redis-kill']);
    expect(await other.ended).to.equal(1);
    expect(other.stderr).to.equal('error: the scenario standalone has no redis-kill\n');
  });
});
