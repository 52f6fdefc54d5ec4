import { fileURLToPath } from 'node:url';
import { Tokens } from '@chorus/auth';
import { createDatabase, type Database, migrate } from '@chorus/database';
import { cpuMicros } from '@chorus/loadtest';
import { spawnGuarded, startPostgres, startRedis } from '@chorus/local';
import { Closer, createLogger } from '@chorus/service';
import { benchCommand } from '../bench-command.js';
import { cpuOfAll } from '../cpu-of-all.js';
import { fill, USER } from './fill.js';
import { plansOfHistory } from './plans.js';
import { measureRemoval } from './removal.js';
import { measureRequests, requestKinds } from './requests.js';

/*
 * `pnpm bench:history`: time of requests for messages with many stored, the plans of their statements, and the cost of removing old
 * messages. The recent history in Redis is empty. PostgreSQL does not wait for the disk, as in tests.
 */

const API_MAIN = fileURLToPath(new URL('../../../apps/api/dist/main.js', import.meta.url));
const SECRET = 'the secret of the benchmark, long enough';
const SETTINGS = ['shared_buffers=512MB', 'maintenance_work_mem=512MB', 'max_wal_size=4GB'];

const command = benchCommand(
  'bench:history',
  'Measures requests for messages, and the removal of old ones, with many messages in PostgreSQL.',
)
  .option('--messages <count>', 'messages to store', Number, 10_000_000)
  .option('--rooms <count>', 'rooms that have them', Number, 10_000)
  .option('--data <folder>', 'keeps the filled database for the next run; by default it is temporary')
  .option('--plans', 'prints the plans of the statements')
  .option('--removal', 'measures the removal of old messages too, which changes the data')
  .parse();
const options = command.opts<{
  messages: number;
  rooms: number;
  data?: string;
  plans?: boolean;
  removal?: boolean;
}>();

async function startApi(closer: Closer, databaseUrl: string) {
  const redis = closer.add(await startRedis());
  const api = await spawnGuarded({
    name: 'api',
    command: process.execPath,
    args: [API_MAIN],
    env: {
      ...{ PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', JWT_SECRET: SECRET },
      ...{ REDIS_URL: redis.url, DATABASE_URL: databaseUrl },
    },
  });
  closer.defer(() => api.stop('SIGTERM', 10_000));
  let port = '';
  const ready = (line: string): boolean => {
    port ||= /"port":(\d+).*api is listening/.exec(line)?.[1] ?? '';
    return line.includes('the gateways know all rooms');
  };
  await api.ready(ready, 120_000);
  const headers = { Authorization: `Bearer ${new Tokens(SECRET).sign(USER)}` };
  const send = async (path: string): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  };
  return { pid: api.pid, send };
}

async function prepare(closer: Closer): Promise<{ db: Database; url: string; pid: number }> {
  const log = createLogger({ service: 'bench', level: 'warn' });
  const folder = options.data === undefined ? {} : { dataDir: options.data };
  const postgres = closer.add(await startPostgres({ ...folder, persistent: false, settings: SETTINGS }));
  await migrate(postgres.url, log);
  const db = createDatabase(postgres.url, { poolSize: 3, timeoutMs: 600_000 });
  closer.defer(() => db.$disconnect());
  if ((await db.room.count()) === 0) {
    const began = performance.now();
    await fill(db, options);
    console.log(`filled in ${Math.round((performance.now() - began) / 1_000)} s`);
  }
  return { db, url: postgres.url, pid: postgres.pid };
}

const closer = new Closer();
try {
  const { db, url, pid } = await prepare(closer);
  const api = await startApi(closer, url);
  const cpu = { api: () => cpuMicros(api.pid), postgres: () => cpuOfAll(pid) };
  const table: Array<Record<string, string>> = [];
  for (const kind of requestKinds(options)) {
    const { p50, p99, apiMs, postgresMs } = await measureRequests(kind, api.send, cpu);
    const figures = { 'p50 ms': p50, 'p99 ms': p99, 'API CPU ms': apiMs, 'PostgreSQL CPU ms': postgresMs };
    const shown = Object.entries(figures).map(([name, value]) => [name, value.toFixed(2)]);
    table.push({ request: kind.name, ...Object.fromEntries(shown) });
  }
  console.table(table);
  if (options.plans)
    for (const [name, plan] of await plansOfHistory(db, options)) console.log(`\n${name}\n${plan}`);
  if (options.removal) {
    const { ways, work } = await measureRemoval(db);
    console.table(ways);
    console.table(work);
  }
} finally {
  await closer.close();
}
