import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { UsageError } from '../cli/usage-error.js';
import { createCostMeter, requireReadable } from './cost-meter.js';
import { metricsSource } from './metrics-costs.js';
import { type CostSource, processSource } from './process-costs.js';

/** Prints `ready`, and on request works for some milliseconds and prints the processor time that it used. */
const WORKER = `
const spent = () => { const { user, system } = process.cpuUsage(); return user + system; };
process.on('message', (ms) => {
  const before = spent();
  while (spent() < before + ms * 1000) for (let n = 0; n < 1e5; n++);
  process.send(spent() - before);
});
process.send('ready');
`;
/** Starts a worker of its own. */
const PARENT = `
const { spawn } = require('node:child_process');
const child = spawn(process.execPath, ['-e', ${JSON.stringify(WORKER)}], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
child.on('message', (message) => process.send(message));
process.on('message', (ms) => child.send(ms));
process.on('disconnect', () => child.disconnect());
`;

/** Inaccuracy of the system's ticks and of passing on messages, in microseconds. */
const TICKS = 100_000;

describe('the costs of server processes', function () {
  this.timeout(20_000);

  const children: ChildProcess[] = [];
  const servers: Server[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  const start = async (program: string): Promise<ChildProcess & { pid: number }> => {
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.push(child);
    await once(child, 'message');
    return child as ChildProcess & { pid: number };
  };
  /** @returns the cost by the worker's own measurement, in microseconds */
  const work = async (child: ChildProcess, ms: number): Promise<number> => {
    child.send(ms);
    const [spent] = await once(child, 'message');
    return Number(spent);
  };
  const serve = async (answer: (path: string) => string | undefined): Promise<string> => {
    const server = createServer((request, response) => {
      const text = answer(request.url ?? '');
      response.writeHead(text === undefined ? 500 : 200).end(text);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  };

  it('are the processor time and the memory of a process', async () => {
    const child = await start(WORKER);
    const source = processSource('worker', child.pid);
    const before = await source.read();
    const spent = await work(child, 300);
    const after = await source.read();
    expect(after.cpuMicros - before.cpuMicros).to.be.closeTo(spent, TICKS);
    expect(after.residentBytes).to.be.within(10e6, 500e6);
  });

  it('include the processes that it has started', async () => {
    const parent = await start(PARENT);
    const source = processSource('parent', parent.pid);
    const before = await source.read();
    const spent = await work(parent, 300);
    const after = await source.read();
    expect(after.cpuMicros - before.cpuMicros).to.be.closeTo(spent, TICKS);
    // Two runtimes need more memory than one.
    const [alone] = [await processSource('one', (await start(WORKER)).pid).read()];
    expect(after.residentBytes).to.be.greaterThan(alone.residentBytes * 1.5);
  });

  it('are read from Prometheus metrics as well', async () => {
    const url = await serve(
      () => `# HELP process_cpu_seconds_total Time.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total{process="1"} 1.25
process_cpu_seconds_total{process="2"} 0.75 1700000000000
process_cpu_seconds_total_other 99
process_resident_memory_bytes 5.2e+07
`,
    );
    const source = metricsSource(url);
    expect(source.name).to.match(/^127\.0\.0\.1:\d+$/);
    expect(await source.read()).to.deep.equal({ cpuMicros: 2e6, residentBytes: 52e6 });
  });

  it('count processor time only while measuring; memory before the run, with all connections, and at the end', async () => {
    let now = 0;
    const counter: CostSource = {
      name: 'counter',
      read: async () => {
        now += 1;
        return { cpuMicros: now ** 2 * 100, residentBytes: now * 1_000 };
      },
    };
    const meter = createCostMeter([counter]);
    for (const phase of ['before', 'connected', 'measuring', 'end'] as const) await meter.mark(phase);
    expect(meter.costs()).to.deep.equal([
      { name: 'counter', cpuMicros: 700, residentBytes: { before: 1_000, connected: 2_000, after: 4_000 } },
    ]);
  });

  it('mark processes that hold no connections', async () => {
    const archiver: CostSource = {
      name: 'archiver',
      holdsConnections: false,
      read: async () => ({ cpuMicros: 1, residentBytes: 1 }),
    };
    expect(createCostMeter([archiver]).costs()[0]).to.include({ name: 'archiver', holdsConnections: false });
  });

  it('are unknown, and not zero, for a process that ends during the run', async () => {
    const child = await start(WORKER);
    const meter = createCostMeter([processSource('worker', child.pid)]);
    for (const phase of ['before', 'connected', 'measuring'] as const) await meter.mark(phase);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await meter.mark('end');
    expect(meter.costs()).to.deep.equal([{ name: 'worker', cpuMicros: undefined, residentBytes: undefined }]);
  });

  it('are read once before the run, so that a wrong address is noticed then', async () => {
    const broken = await serve(() => undefined);
    const other = await serve(() => 'up 1\n');
    const cases: ReadonlyArray<readonly [CostSource, RegExp]> = [
      [processSource('gone', 2 ** 22 + 1), /^--x gone: there is no process 4194305$/],
      [metricsSource(broken), /^--x 127\.0\.0\.1:\d+: it answers with 500$/],
      [metricsSource(other), /^--x 127\.0\.0\.1:\d+: it has no metric process_cpu_seconds_total$/],
      [metricsSource('http://127.0.0.1:1/metrics'), /^--x 127\.0\.0\.1:1: it does not answer$/],
    ];
    for (const [source, message] of cases) {
      const error = await requireReadable([source], '--x').catch((error: unknown) => error);
      expect(error).to.be.instanceOf(UsageError);
      expect((error as Error).message).to.match(message);
    }
  });
});
