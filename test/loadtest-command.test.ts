import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadResult, provision } from '@chorus/loadtest';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, request } from './support/clients/people.js';
import { startTestCluster, type TestCluster } from './support/servers/cluster.js';
import { type Program, startProgram } from './support/servers/program.js';

const PROGRAM = 'dist/loadtest.js';
const SMALL = ['--connections', '30', '--rooms', '6', '--members', '5', '--rate', '60', '--ramp', '300'];
const SHORT = ['--warm-up', '300ms', '--duration', '1500ms', '--settle', '5s'];
const NOTHING_WRONG = [
  '--max-lost',
  '0',
  '--max-duplicated',
  '0',
  '--max-out-of-order',
  '0',
  '--max-disagreements',
  '0',
];

interface Written extends LoadResult {
  readonly thresholds: ReadonlyArray<{ readonly name: string; readonly holds: boolean }>;
}

describe('the load test command, over real servers', function () {
  this.timeout(90_000);

  let cluster: TestCluster;
  let folder: string;
  const programs: Program[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-loadtest-'));
    cluster = await startTestCluster({ gateways: 2, apis: 1 });
  });

  afterEach(async () => {
    for (const program of programs.splice(0)) {
      program.kill('SIGKILL');
      await program.ended;
    }
  });

  after(async () => {
    await cluster?.close();
    await rm(folder, { recursive: true });
  });

  const launch = (args: readonly string[], env: Record<string, string> = {}): Program => {
    const program = startProgram(PROGRAM, args, { TMPDIR: folder, ...env });
    programs.push(program);
    return program;
  };
  const socketUrl = (url: string) => url.replace(/^http/, 'ws');
  const targets = (): string[] => cluster.gateways.flatMap(({ url }) => ['--target', socketUrl(url)]);

  it('makes accounts and rooms through the API, loads both gateways, and finds nothing wrong', async () => {
    const [json, html] = [join(folder, 'result.json'), join(folder, 'result.html')];
    const pids = cluster.gateways.flatMap(({ nodeId, pid }) => ['--pid', `${nodeId}=${pid}`]);
    const program = launch([
      ...[...targets(), '--api', cluster.url, '--prefix', 'e2e', '--users', '10'],
      ...[...SMALL, ...SHORT, ...NOTHING_WRONG, '--max-connect-failures', '0', '--min-delivered-rate', '1'],
      ...[...pids, '--json', json, '--html', html],
    ]);
    expect(await program.ended, program.stderr).to.equal(0);
    expect(program.stdout).to.include('--max-lost holds: 0, allowed: 0');
    const result = JSON.parse(await readFile(json, 'utf8')) as Written;
    expect(result.connects).to.include({ ok: 30, failed: 0 });
    // A slow machine does not get to the last ones.
    expect(result.messages.sent).to.be.within(1, 90);
    const { expected } = result.verdict;
    expect(result.verdict).to.include({ delivered: expected, lost: 0 });
    expect([expected % 5, expected <= 108 * 5]).to.deep.equal([0, true]);
    expect(result.nodes.map(({ connections }) => connections)).to.deep.equal([15, 15]);
    expect(result.costs.map(({ name }) => name)).to.deep.equal(['gateway-1', 'gateway-2']);
    expect(result.cpuMicrosPerDelivery).to.be.greaterThan(0);
    expect(result.thresholds.every(({ holds }) => holds)).to.equal(true);
    expect(await readFile(html, 'utf8')).to.include('all limits hold');
  });

  it('uses the accounts and rooms of an earlier run again', async () => {
    const options = {
      api: cluster.url,
      secret: undefined,
      password: 'load-test',
      prefix: 'again',
      roomIds: undefined,
      ttlSeconds: 60,
      progress: () => {},
    };
    const first = await provision({ ...options, users: 3, rooms: 4 });
    const second = await provision({ ...options, users: 5, rooms: 6 });
    const ids = (of: typeof first) => of.identities.map(({ userId }) => userId);
    expect(ids(second).slice(0, 3)).to.deep.equal(ids(first));
    expect(second.roomIds.slice(0, 4)).to.deep.equal(first.roomIds);
    expect(new Set(ids(second)).size).to.equal(5);
    expect(new Set(second.roomIds).size).to.equal(6);
    const { token } = await createPerson(cluster.url);
    const { body } = await request(`${cluster.url}/api/rooms?limit=100`, { token });
    const names = (body as { rooms: { name: string }[] }).rooms.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('again-room-'))).to.have.length(6);
    const refused = await provision({ ...options, password: 'another one', users: 1, rooms: 1 }).catch(
      (error: Error) => error.message,
    );
    expect(refused).to.match(
      /again-1 has another password; set LOADTEST_PASSWORD, or choose another --prefix$/,
    );
  });

  it('does without accounts when it has the secret, reads a scenario file, and speaks the plain protocol', async () => {
    const file = join(folder, 'mine.yaml');
    await writeFile(
      file,
      `mine:\n  protocol: plain\n  connections: 30\n  rooms: 6\n  members: 5\n  rate: 5\n  ramp: 300\n  warm-up: 300ms\n  duration: 1500ms\n  max-lost: 0\n  max-p99: 30s\n`,
    );
    const program = launch(
      [...targets(), '--api', cluster.url, '--scenario', file, 'mine', '--rate', '60', '--prefix', 'plain'],
      { LOADTEST_JWT_SECRET: cluster.jwtSecret },
    );
    expect(await program.ended, program.stderr).to.equal(0);
    expect(program.stdout).to.include('30, plain').and.to.include('--max-p99 holds');
    expect(program.stdout).to.match(/sent +│ \d\d? /);
  });

  it('ends with 1 and names the limit that is broken', async () => {
    const program = launch([
      ...[...targets(), '--api', cluster.url, '--prefix', 'e2e', '--users', '10', ...SMALL, ...SHORT],
      ...['--max-lost', '0', '--min-delivered-rate', '1k'],
    ]);
    expect(await program.ended, program.stderr).to.equal(1);
    expect(program.stdout).to.match(/^--min-delivered-rate is broken: \d+(\.\d+)?\/s, wanted: 1000\/s$/m);
    expect(program.stdout).to.include('--max-lost holds');
  });

  it('ends with 2 and one line for options that cannot be used', async () => {
    const program = launch([...targets(), '--duration', 'soon']);
    expect(await program.ended).to.equal(2);
    expect(program.stderr).to.equal(
      "option '--duration <time>' argument 'soon' is invalid. It must be a time such as 50ms, 30s or 2m.\n",
    );
    expect(program.stdout).to.equal('');
  });

  it('ends with 3 and one last line when its users are not let in', async () => {
    const program = launch([
      ...[
        ...targets(),
        '--secret',
        'not the secret of these servers',
        '--room-ids',
        '1-6',
        ...SMALL,
        ...SHORT,
      ],
    ]);
    expect(await program.ended).to.equal(3);
    expect(program.stderr).to.match(/\nno socket could be opened on ws:.*401.*\n$/);
    expect(program.stderr).to.not.match(/\n\s+at /);
  });

  it('reports what there is when it is interrupted, and leaves no process behind', async () => {
    const program = launch([
      ...[...targets(), '--api', cluster.url, '--prefix', 'e2e', '--users', '10', ...SMALL],
      ...['--warm-up', '0', '--duration', '10m', '--max-lost', '0'],
    ]);
    while (!/^\d+ s: 30 of 30 .* delivered [1-9]/m.test(program.stderr)) await nextLine();
    program.interrupt();
    expect(await program.ended, program.stderr).to.equal(0);
    expect(program.stdout).to.include('--max-lost holds');
    // Its workers are of the same process group, and so is the guard that hears a moment later that it has ended.
    await eventually(() => expect(() => process.kill(-program.pid, 0)).to.throw('ESRCH'));
  });

  it('starts servers of its own with --local, measures all of them, and ends them again', async () => {
    const json = join(folder, 'local.json');
    const program = launch(['--local', '2', ...SMALL, ...SHORT, ...NOTHING_WRONG, '--json', json], {
      REDIS_URL: '',
    });
    expect(await program.ended, program.stderr).to.equal(0);
    const result = JSON.parse(await readFile(json, 'utf8')) as Written;
    expect(result.verdict).to.include({ delivered: result.verdict.expected, lost: 0 });
    expect(result.costs.map(({ name }) => name)).to.include.members(['gateway-1', 'gateway-2', 'redis']);
    for (const { cpuMicros } of result.costs) expect(cpuMicros).to.be.a('number');
    const holders = result.costs.filter(({ holdsConnections = true }) => holdsConnections);
    expect(holders.map(({ name }) => name)).to.deep.equal(['gateway-1', 'gateway-2', 'redis']);
    const grown = holders.reduce(
      (bytes, { residentBytes: of }) => bytes + (of ? of.connected - of.before : Number.NaN),
      0,
    );
    expect(result.bytesPerConnection).to.be.closeTo(grown / 30, 0.01);
    for (const target of result.scenario.targets) {
      const answer = await fetch(target.replace(/^ws/, 'http')).catch(() => 'nobody is there');
      expect(answer).to.equal('nobody is there');
    }
  });
});

/** The next look at what a program has said. */
function nextLine(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
