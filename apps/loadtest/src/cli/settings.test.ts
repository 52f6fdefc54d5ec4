import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkCapacity, type Machine } from '../limits/capacity.js';
import { makePlan } from '../plan/plan.js';
import { readCommandLine } from './command-line.js';
import { OWN_SCENARIOS, parseScenarios, readScenario } from './scenario-file.js';
import { readSettings, type Settings } from './settings.js';
import { UsageError } from './usage-error.js';

const HERE = ['--target', 'ws://127.0.0.1:8080'];
/** A small machine. */
const MACHINE: Machine = { descriptors: 20_000, ports: 28_000, anyLoopback: true };

describe('the command line', () => {
  let folder: string;
  let file: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-loadtest-'));
    file = join(folder, 'mine.yaml');
    await writeFile(
      file,
      'calm:\n  connections: 10\n  rate: 5\n  payload: 1kb\nwild:\n  connections: 20k\n  max-p99: 50ms\n  target: [ws://127.0.0.1:1, ws://127.0.0.1:2]\n',
    );
  });

  after(() => rm(folder, { recursive: true }));

  const read = async (...argv: string[]): Promise<Settings> => {
    const commandLine = readCommandLine(argv, () => {});
    if (commandLine === undefined) throw new Error('it asked for help');
    return readSettings(commandLine, {});
  };
  const refusal = async (...argv: string[]): Promise<string> => {
    try {
      await read(...argv);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
    throw new Error('it was accepted');
  };

  it('reads every option of a scenario, in units for people', async () => {
    const { scenario, targets } = await read(
      ...['--target', 'ws://127.0.0.1:1', '--target', 'wss://127.0.0.1:2', '--protocol', 'plain'],
      ...['--connections', '20k', '--ramp', '500', '--rooms', '7', '--members', '3', '--mix', 'heavy-tailed'],
      ...['--senders', '5', '--rate', '2.5', '--payload', '1kb', '--churn', '2', '--churn-away', '3s'],
      ...['--slow-readers', '4', '--lazy-share', '25%', '--lazy-read', '20ms', '--warm-up', '0'],
      ...['--duration', '2m', '--settle', '1s', '--workers', '2', '--source-address', '127.0.0.5'],
    );
    expect(targets).to.deep.equal(['ws://127.0.0.1:1', 'wss://127.0.0.1:2']);
    expect(scenario).to.deep.equal({
      protocol: 'plain',
      connections: 20_000,
      ramp: 500,
      reconnectElsewhere: false,
      rooms: 7,
      shuffled: false,
      membersPerRoom: 3,
      mix: 'heavy-tailed',
      senders: 5,
      rate: 2.5,
      payload: 1_024,
      churn: 2,
      churnAwayMs: 3_000,
      slowReaders: 4,
      lazyShare: 0.25,
      lazyReadMs: 20,
      warmUpMs: 0,
      durationMs: 120_000,
      settleMs: 1_000,
      workers: 2,
      sourceAddresses: ['127.0.0.5'],
    });
  });

  it('gives the command line precedence over the file, and the file over the defaults', async () => {
    const { name, scenario } = await read(...HERE, '--rate', '9', '--scenario', file, 'calm');
    expect(name).to.equal('calm');
    expect(scenario).to.include({ connections: 10, rate: 9, payload: 1_024, rooms: 100 });
  });

  it('takes targets and limits from a file as well', async () => {
    const { targets, limits } = await read('--scenario', file, 'wild');
    expect(targets).to.deep.equal(['ws://127.0.0.1:1', 'ws://127.0.0.1:2']);
    expect(limits).to.deep.equal({ 'max-p99': 50 });
  });

  it('assumes the API at the first target, unless the run needs no API', async () => {
    expect((await read(...HERE)).api).to.equal('http://127.0.0.1:8080');
    expect((await read(...HERE, '--secret', 'x', '--room-ids', '1-100')).api).to.equal(undefined);
    expect((await read(...HERE, '--api', 'https://localhost')).api).to.equal('https://localhost');
  });

  it('reads lists of room ids and processes', () => {
    const line = readCommandLine(
      ['--room-ids', '1-3,7,2', '--pid', 'gateway=12', '--pid', 'redis=13'],
      () => {},
    );
    expect(line?.roomIds).to.deep.equal([1, 2, 3, 7]);
    expect(line?.pids).to.deep.equal([
      { name: 'gateway', pid: 12 },
      { name: 'redis', pid: 13 },
    ]);
  });

  it('prints its options for --help', () => {
    let text = '';
    const print = (more: string): void => {
      text += more;
    };
    expect(readCommandLine(['--help'], print)).to.equal(undefined);
    for (const option of ['--duration <time>', '--max-p99 <time>', '--scenario <file...>', 'Exit status']) {
      expect(text).to.include(option);
    }
  });

  it('reports in one line which option is wrong, its value, and what is allowed', async () => {
    const cases: ReadonlyArray<readonly [string[], RegExp]> = [
      [
        ['--duration', 'soon'],
        /^option '--duration <time>' argument 'soon' is invalid\. It must be a time such/,
      ],
      [
        ['--connections', '-5'],
        /'--connections <number>' argument '-5' is invalid\. It must be a whole number/,
      ],
      [['--max-p99', '50'], /'--max-p99 <time>' argument '50' is invalid/],
      [['--connection', '5'], /^unknown option '--connection'$/],
      [['--pid', 'gateway'], /It must be a name and a process id, such as gateway-1=4711\.$/],
      [['--room-ids', '5-1'], /It must be ids of rooms, such as 1,2,3 or 1-50,77\.$/],
      [['--room-ids', '1-3'], /^--room-ids: there are 3, and --rooms 100 needs as many$/],
      [['--source-address', 'eth0'], /It must be an IP address of this machine/],
      [['--local', 'many'], /'--local \[gateways\]' argument 'many' is invalid/],
      [['--local'], /^--local starts servers of its own: it goes without --target/],
      [
        ['--payload', '4'],
        /'--payload <size>' argument '4' is invalid\. It must be a size from 16 to 1mb\.$/,
      ],
      [['--senders', '2000'], /^--senders 2000 is invalid\. It must be at most --connections, 1000\.$/],
      [['--duration', '0'], /argument '0' is invalid\. It must be a time above 0, such as 30s\.$/],
      [['--api', 'http://10.1.2.3'], /^10\.1\.2\.3 is not this machine: /],
      [['extra'], /^too many arguments/],
      [['--scenario', 'nosuch'], /^--scenario scenarios.yaml: there is no scenario "nosuch"; it has quick, /],
      [['--scenario', file, 'nosuch'], /mine\.yaml: there is no scenario "nosuch"; it has calm, wild$/],
      [['--scenario', file], /mine\.yaml: which scenario\? it has calm, wild$/],
      [['--scenario', join(folder, 'none.yaml')], /none\.yaml: there is no such file$/],
      [['--scenario', folder, 'calm'], /it cannot be read \(EISDIR\)$/],
      [
        ['--api', 'http://10.1.2.3', '--allow-remote'],
        /^LOADTEST_PASSWORD is not set: accounts on 10\.1\.2\.3 need a password/,
      ],
    ];
    for (const [argv, message] of cases) {
      const said = await refusal(...HERE, ...argv);
      expect(said, argv.join(' ')).to.match(message);
      expect(said, argv.join(' ')).to.not.include('\n');
    }
    expect(await refusal('--rate', '1')).to.equal(
      '--target is not set: say where the servers are, or --local to start some',
    );
  });

  it('reports in one line what is wrong with a file', () => {
    const cases: ReadonlyArray<readonly [string, RegExp]> = [
      ['a:\n  rate: fast\n', /^f\.yaml: a: rate "fast" is invalid\. It must be a number/],
      ['a:\n  speed: 1\n', /^f\.yaml: a: there is no option "speed"$/],
      ['a:\n  rate: [1, 2]\n', /^f\.yaml: a: rate takes one value, not a list$/],
      ['a: 5\n', /^f\.yaml: a: it must be names of scenarios, with options below each$/],
      ['- a\n', /^f\.yaml: it must be names of scenarios/],
      ['a:\n  rate: 1\n  rate: 2\n', /^f\.yaml:3: /],
      ['a: {\n', /^f\.yaml:\d+: /],
      ['a: &x\n  rate: 1\nb: *y\n', /^f\.yaml: Unresolved alias/],
    ];
    for (const [text, message] of cases) {
      expect(() => parseScenarios(text, 'f.yaml'), text)
        .to.throw(UsageError)
        .with.property('message')
        .that.matches(message)
        .and.does.not.include('\n');
    }
    expect(parseScenarios('', 'f.yaml').size).to.equal(0);
  });

  it('comes with valid scenarios', async () => {
    const names = ['quick', 'chatty-rooms', 'fan-out', 'giant-room', 'heavy-tailed', 'churn', 'idle-20k'];
    for (const name of names) {
      const { scenario, targets } = await read(...HERE, '--scenario', name);
      const wanted = { ...scenario, targets: [...targets] };
      expect(checkCapacity(wanted, MACHINE).problems, name).to.deep.equal([]);
      expect(makePlan(wanted, false).messages, name).to.be.greaterThan(0);
    }
    expect((await readScenario([OWN_SCENARIOS, 'churn'])).chosen.get('churn-away')).to.equal(2_000);
  });
});
