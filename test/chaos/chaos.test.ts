import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrng, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { type Program, startProgram } from '../support/servers/program.js';
import { REDIS_KINDS } from './faults/fault-kinds.js';
import { reportPage } from './report/page.js';
import { type ChaosResult, runChaos } from './run-chaos.js';

describe('a short run of chaos over a cluster', function () {
  this.timeout(120_000);

  let result: ChaosResult;
  before(async () => {
    const seed = randomInt(2 ** 31);
    // Another kind of Redis in every run.
    const redis = createPrng(seed).pick(REDIS_KINDS);
    console.log(`seed ${seed}, --redis ${redis}`);
    result = await runChaos(
      {
        ...{ scenario: 'faults', seconds: 6, clients: 30, rooms: 3, rate: 60, settings: {}, direct: false },
        ...{ seed, redis, faults: ['gateway-kill', 'vanished-clients'] },
      },
      { signal: AbortSignal.timeout(115_000), say: (line) => console.log(line) },
    );
  });

  it('keeps every promise', () => {
    const broken = result.verdicts.filter(({ violations }) => violations > 0);
    expect(broken.map(({ rule, examples }) => ({ rule, examples }))).to.deep.equal([]);
    expect(result.verdicts.length).to.be.above(10);
    expect(result.figures.messages.acked).to.be.above(100);
  });

  it('was really broken', () => {
    const done = new Set(result.faults.map(({ kind }) => kind));
    expect([...done].sort()).to.deep.equal(['gateway-kill', 'vanished-clients']);
    for (const { what } of result.faults) expect(what).to.not.equal('');
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
      ...['--scenario', 'standalone', '--clients', '12', '--rooms', '2', '--rate', '30', '--seconds', '6'],
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
    const sentinel = launch(['--redis', 'sentinel', '--faults', 'redis-kill']);
    expect(await sentinel.ended).to.equal(1);
    expect(sentinel.stderr).to.equal('error: the scenario faults with --redis sentinel has no redis-kill\n');
    const nowhere = launch(['--redis', 'sentinel', '--scenario', 'standalone']);
    expect(await nowhere.ended).to.equal(1);
    expect(nowhere.stderr).to.equal('error: the scenario standalone has no --redis sentinel\n');
  });
});
