import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { type Program, startProgram } from '../support/program.js';
import type { FaultKind } from './history.js';
import { reportPage } from './report/page.js';
import { type ChaosResult, runChaos } from './run-chaos.js';

/** With it every kind of fault has its turn within {@link SECONDS}. */
const SEED = 36;
const SECONDS = 36;
const KINDS: readonly FaultKind[] = [
  ...(['gateway-kill', 'rolling-restart', 'rollout', 'redis-restart', 'redis-kill', 'redis-freeze'] as const),
  ...(['subscriber-cut', 'postgres-restart', 'archiver-kill'] as const),
  ...(['stalled-readers', 'vanished-clients', 'long-absences'] as const),
];

describe('a cluster in which everything breaks, one after the other', function () {
  this.timeout(150_000);

  let result: ChaosResult;
  const said: string[] = [];
  before(async () => {
    result = await runChaos(
      {
        scenario: 'faults',
        clients: 120,
        rooms: 12,
        rate: 120,
        seconds: SECONDS,
        seed: SEED,
        faults: KINDS,
        settings: {},
        direct: false,
      },
      { signal: AbortSignal.timeout(140_000), say: (line) => said.push(line) },
    );
  });

  it('keeps every promise', () => {
    const broken = result.verdicts.filter(({ violations }) => violations > 0);
    expect(broken.map(({ rule, examples }) => ({ rule, examples }))).to.deep.equal([]);
    expect(result.verdicts.length).to.be.above(10);
  });

  it('was really broken, in every way', () => {
    expect(result.faults.map(({ kind }) => kind)).to.include.members([...KINDS]);
    for (const { what } of result.faults) expect(what).to.not.equal('');
  });

  it('really worked meanwhile', () => {
    const { messages, delivered, reconnects, resumes } = result.figures;
    expect(messages.acked).to.be.above(2_500);
    expect(delivered).to.be.above(25_000);
    expect(messages.sentAgain).to.be.above(20);
    expect(reconnects).to.be.above(120);
    expect(resumes.recovered).to.be.above(150);
    expect(resumes.missed).to.be.above(200);
  });

  it('is drawn on a page that needs nothing from elsewhere', () => {
    const page = reportPage(result);
    for (const kind of KINDS) expect(page).to.include(`${kind}: `);
    expect(page)
      .to.include('every rule holds')
      .and.to.match(/<path class="p99" d="M\d/);
    expect(page).to.not.match(/\b(?:src|href)=|https?:|@import|url\(/);
  });
});

describe('pnpm chaos', function () {
  this.timeout(60_000);

  const launch = (args: readonly string[], env: Record<string, string> = {}): Program =>
    startProgram('test/dist/chaos/main.js', args, env);

  it('prints its seed, its figures and every verdict, writes the page, and fails when a rule is broken', async () => {
    const report = join(tmpdir(), `chaos-report-${process.pid}.html`);
    const program = launch([
      ...['--clients', '12', '--rooms', '2', '--rate', '40', '--seconds', '5', '--seed', '4'],
      ...['--faults', 'subscriber-cut,vanished-clients', '--report', report],
    ]);
    try {
      const end = await program.ended;
      expect(program.stdout).to.include('seed 4: 12 clients').and.include('Every rule holds.');
      expect(program.stdout)
        .to.match(/one-departure.*holds/)
        .and.match(/messages sent/);
      expect(end, program.stderr).to.equal(0);
      expect(await readFile(report, 'utf8')).to.match(/^<!doctype html>/);
    } finally {
      await rm(report, { force: true });
    }
  });

  it('ends everything that it started when it is interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-chaos-'));
    const program = launch(['--seconds', '600'], { TMPDIR: folder });
    await eventually(() => expect(program.stderr).to.include('of chaos'), 40_000);
    expect(await readdir(folder)).to.have.length.above(0);
    program.interrupt();
    expect(await program.ended).to.equal(1);
    // The servers' data goes when they have ended.
    await eventually(async () => expect(await readdir(folder)).to.deep.equal([]));
    await rm(folder, { recursive: true });
  });

  it('says in one line what is wrong with an option', async () => {
    const program = launch(['--faults', 'fire']);
    expect(await program.ended).to.equal(1);
    expect(program.stderr).to.match(/^error: option '--faults <list>' argument 'fire' is invalid\..*\n$/);
  });
});
