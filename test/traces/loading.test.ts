import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPlain } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom } from '../support/clients/people.js';
import { startTestCluster } from '../support/servers/cluster.js';
import { startTraceCollector } from '../support/servers/trace-collector.js';

/**
 * Writes down, when a process ends, which program it was and what of OpenTelemetry it had loaded; but for its interface,
 * which the library for metrics loads, and which does nothing by itself.
 */
const WITNESS = `
process.on('exit', () => {
  const loaded = Object.keys(require.cache).filter((file) => /node_modules.@opentelemetry.(?!api.)/.test(file));
  require('node:fs').writeFileSync(
    require('node:path').join(__dirname, process.pid + '.json'),
    JSON.stringify({ program: process.argv[1], loaded: loaded.length }),
  );
});
`;

describe('OpenTelemetry', function () {
  this.timeout(60_000);

  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-traces-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs a cluster, uses it, and tells what each of its services had loaded in the end. */
  const loadedBy = async (env: Record<string, string>): Promise<Record<string, boolean>> => {
    const witness = join(folder, 'witness.cjs');
    await writeFile(witness, WITNESS);
    const cluster = await startTestCluster({
      apis: 1,
      gateways: 1,
      env: { ...env, NODE_OPTIONS: `--require ${witness}` },
    });
    const ann = await createPerson(cluster.url);
    const client = await connectPlain(cluster.url, await createRoom(cluster.url, ann), ann.token);
    client.send('hello');
    await client.message('hello');
    await client.close();
    await cluster.close();
    const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
    const found = await Promise.all(
      files.map(async (file) => {
        const text = await readFile(join(folder, file), 'utf8');
        const { program = '', loaded } = JSON.parse(text) as { program?: string; loaded: number };
        const service = /apps\/(\w+)\/dist\/main\.js$/.exec(program)?.[1];
        return service === undefined ? [] : [[service, loaded > 0] as const];
      }),
    );
    return Object.fromEntries(found.flat());
  };

  it('is not loaded unless something is traced', async () => {
    expect(await loadedBy({})).to.deep.equal({ api: false, gateway: false, archiver: false });
  });

  it('is loaded where something is', async () => {
    const collector = await startTraceCollector();
    const loaded = await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await collector.close();
    expect(loaded).to.deep.equal({ api: true, gateway: true, archiver: true });
  });
});
