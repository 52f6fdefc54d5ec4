import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { connectPlain } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom } from '../support/clients/people.js';
import { startTestCluster } from '../support/servers/cluster.js';
import { startTraceCollector } from '../support/servers/trace-collector.js';

/**
 * Writes down, when a process ends, which program it was and how many files it had loaded of its bundle, and how many with
 * OpenTelemetry in them; but for its interface, which the library for metrics loads, and which does nothing by itself.
 * Node.js knows the source maps of the files that it has loaded.
 */
const WITNESS = `
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { findSourceMap } = require('node:module');
const { dirname, join } = require('node:path');
process.on('exit', () => {
  const program = process.argv[1];
  const folder = join(dirname(program), 'programs');
  const loaded = readdirSync(folder).map((file) => join(folder, file)).filter((file) => findSourceMap(file));
  const tracing = loaded.filter((file) => /\\bSpanProcessorMetrics\\b|OTLPTraceExporter/.test(readFileSync(file, 'utf8')));
  writeFileSync(
    join(__dirname, process.pid + '.json'),
    JSON.stringify({ program, loaded: loaded.length, tracing: tracing.length }),
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
        const { program, loaded, tracing } = JSON.parse(text) as Record<'loaded' | 'tracing', number> & {
          program: string;
        };
        expect(loaded, program).to.be.above(0);
        return [basename(program, '.js'), tracing > 0] as const;
      }),
    );
    return Object.fromEntries(found);
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
