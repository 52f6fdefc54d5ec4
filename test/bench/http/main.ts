import { Agent, request } from 'node:http';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKey } from '@chorus/auth';
import { RedisMembershipList } from '@chorus/control';
import { createDatabase, migrate } from '@chorus/database';
import { spawnGuarded, startPostgres } from '@chorus/local';
import { Closer, createLogger } from '@chorus/service';
import { ISSUER_SETTINGS, identityToken } from '../../support/clients/identity-token.js';
import { root } from '../../support/root.js';
import { benchCommand } from '../bench-command.js';
import { BENCH_SECRET, startGateways } from '../gateway/bench-gateways.js';
import { openSockets, TEXT } from '../gateway/load.js';
import { atRate, bySocket, type Load, measure, repeatedly } from './load.js';

/*
 * `pnpm bench:http`: messages that a bot sends to one API with its key, alone and in batches, and those that users send to one gateway by
 * socket; and tokens of an identity provider that users exchange for sessions. PostgreSQL does not wait for the disk, as in tests; no archiver runs. The clients share the machine with the servers.
 */

const BOT = 1_000_000;
const BATCHES_AT_ONCE = 2;
/** Users whose tokens are exchanged. */
const IDENTITIES = 500;

const options = benchCommand(
  'bench:http',
  'Measures messages by API key over HTTP, alone and in batches, and exchanges of tokens, on one API; and messages by socket on one gateway.',
)
  .option('--rate <number>', 'messages per second of the loads with a steady rate', Number, 3_000)
  .option('--seconds <number>', 'length of each load', Number, 8)
  .option('--rooms <number>', 'number of rooms', Number, 100)
  .option('--connections <number>', 'requests in flight of the load without a pause', Number, 32)
  .option('--batch <number>', 'messages of a batch', Number, 1_000)
  .parse()
  .opts<{ rate: number; seconds: number; rooms: number; connections: number; batch: number }>();

/** Starts an API with the rooms, and creates a key of a bot. */
async function startApi(closer: Closer, redisUrl: string) {
  const postgres = closer.add(await startPostgres());
  await migrate(postgres.url, createLogger({ service: 'bench', level: 'warn' }));
  const db = createDatabase(postgres.url, { poolSize: 2, timeoutMs: 60_000 });
  closer.defer(() => db.$disconnect());
  await db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, ${options.rooms}::int) id`;
  await db.user.create({ data: { id: BOT, username: 'bot', kind: 'bot' } });
  const { id, secretHash, text } = generateKey();
  const key = { id, name: 'bench', scopes: ['messages:write'], secretHash: Uint8Array.from(secretHash) };
  await db.apiKey.create({ data: { ...key, botId: BOT, messagesPerSecond: 1_000_000 } });
  const api = await spawnGuarded({
    name: 'api',
    command: process.execPath,
    args: [join(root, 'apps/api/dist/main.js')],
    env: {
      ...{ PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', JWT_SECRET: BENCH_SECRET },
      ...{ REDIS_URL: redisUrl, DATABASE_URL: postgres.url, DRAIN_DELAY_MS: '0' },
      ...ISSUER_SETTINGS,
      ARCHIVE_BACKLOG_BYTES: String(2 ** 32),
    },
  });
  closer.defer(() => api.stop('SIGTERM', 10_000));
  const line = await api.ready((text) => text.includes('api is listening'), 10_000);
  return { pid: api.pid, port: (JSON.parse(line) as { port: number }).port, key: text };
}

/** Returns a function that posts JSON. */
function poster(closer: Closer, { port, key }: { port: number; key: string }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  closer.defer(async () => agent.destroy());
  return (path: string, body: string): Promise<{ status: number | undefined; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const length = { 'content-length': Buffer.byteLength(body) };
      const to = { host: '127.0.0.1', port, path, method: 'POST', agent };
      const sent = request({ ...to, headers: { ...headers, ...length } }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
}

async function run(closer: Closer): Promise<Record<string, string>[]> {
  const gateways = closer.add(await startGateways(1, { ARCHIVE_BACKLOG_BYTES: String(2 ** 32) }));
  const [gateway] = gateways.gateways;
  if (gateway === undefined) throw new Error('a gateway is missing');
  const api = await startApi(closer, gateways.redisUrl);
  const { redis, keyspace } = gateways.prepared;
  const list = new RedisMembershipList(redis, keyspace);
  while (!(await list.isComplete())) await sleep(50);
  const post = poster(closer, api);
  let count = 0;
  const nextRoom = (): number => (count++ % options.rooms) + 1;
  const sendOne = async (): Promise<number> => {
    const answer = await post(`/api/rooms/${nextRoom()}/messages`, JSON.stringify({ content: TEXT }));
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
    return 1;
  };
  const sendBatch = async (): Promise<number> => {
    const messages = Array.from({ length: options.batch }, () => ({ roomId: nextRoom(), content: TEXT }));
    const answer = await post('/api/messages/batch', JSON.stringify({ messages }));
    if (answer.status !== 200 || answer.text.includes('"code"')) {
      throw new Error(`${answer.status} ${answer.text.slice(0, 500)}`);
    }
    return options.batch;
  };
  const identities = Array.from({ length: IDENTITIES }, (_, index) =>
    identityToken({ sub: `user-${index}` }),
  );
  const exchange = async (): Promise<number> => {
    const token = identities[count++ % IDENTITIES];
    const answer = await post('/api/users/exchange', JSON.stringify({ token }));
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return 1;
  };
  // Their users exist before the measurement.
  for (let first = 0; first < IDENTITIES; first++) await exchange();
  // Rooms are known to gateways a moment after the API has begun.
  while ((await post('/api/rooms/1/messages', '{"content":"x"}')).status !== 201) await sleep(100);
  const sockets = await openSockets(gateway, options.rooms, (index) => index + 1);
  closer.defer(async () => {
    for (const socket of sockets) socket.terminate();
  });
  const { rate } = options;
  // While the API is measured, the gateway delivers its messages to the sockets.
  const loads: ReadonlyArray<readonly [name: string, pid: number, load: Load]> = [
    [`socket, ${rate}/s`, gateway.pid, bySocket(rate, sockets)],
    [`HTTP, ${rate}/s`, api.pid, atRate(rate, sendOne)],
    ['HTTP, no pause', api.pid, repeatedly(options.connections, sendOne)],
    [`HTTP, batches of ${options.batch}`, api.pid, repeatedly(BATCHES_AT_ONCE, sendBatch)],
    ['exchange, no pause', api.pid, repeatedly(options.connections, exchange)],
  ];
  const rows: Record<string, string>[] = [];
  for (const [name, server, load] of loads) {
    const reached = await measure(load, options.seconds * 1_000, { server, redis: gateways.redisPid });
    rows.push({
      load: name,
      'messages/s': reached.perSecond.toFixed(0),
      'p50, ms': reached.p50.toFixed(1),
      'p99, ms': reached.p99.toFixed(1),
      'server, µs each': reached.server.toFixed(1),
      'Redis, µs each': reached.redis.toFixed(1),
    });
    console.error(JSON.stringify(rows.at(-1)));
  }
  return rows;
}

const closer = new Closer();
try {
  const before = loadavg()[0] ?? 0;
  const rows = await run(closer);
  console.error(`load of the machine: ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`);
  console.table(rows);
} finally {
  await closer.close();
}
