import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tokens } from '@chorus/auth';
import { BrokerKeys, RedisPublisher, redisNoticeTarget } from '@chorus/broker';
import { cpuMicros } from '@chorus/loadtest';
import { spawnGuarded } from '@chorus/local';
import { RedisPresenceStore } from '@chorus/presence';
import { messageEncoder } from '@chorus/protocol';
import { Closer } from '@chorus/service';
import { root } from '../../support/root.js';
import { benchCommand } from '../bench-command.js';
import { cpuOfAll } from '../cpu-of-all.js';
import { median } from '../median.js';
import { Client } from './load.js';
import { type ApiStage, OWN_ROOM_IDS, openStage, portOf, startApi, USER } from './stage.js';

/*
 * `pnpm bench:api`: processor time of an API process for a request, and the ratio to that of bare Koa with its router, which takes turns
 * with it in the same run. With `--against` another built checkout takes turns as well. The user is a member of 500 private rooms.
 */

/** Room whose newest messages are not stored yet. */
const [UNSTORED_ROOM = 0, ...STORED_ROOMS] = OWN_ROOM_IDS;
const UNSTORED = 60;
const PRESENT = 10;
const BARE = 'bare Koa + router';
const WARM_UP_AT_ONCE = 8;
const BARE_PATH = '/api/rooms/1';
const BARE_SERVER = fileURLToPath(new URL('bare-server.js', import.meta.url));
/** Ends with the benchmark, in milliseconds. */
const LEASE_MS = 3_600_000;

const roomAt = (at: number): number => STORED_ROOMS[at % STORED_ROOMS.length] ?? 0;

const ROUTES: Readonly<Record<string, (at: number) => string>> = {
  'GET /livez': () => '/livez',
  'GET /api/rooms/:id': (at) => `/api/rooms/${roomAt(at)}`,
  'GET /api/users/me': () => '/api/users/me',
  'GET /api/rooms?limit=50': () => '/api/rooms?limit=50',
  [`GET /ws/get-clients/:id, ${PRESENT}`]: () => `/ws/get-clients/${UNSTORED_ROOM}`,
  'GET …/messages?limit=50, stored': (at) => `/api/rooms/${roomAt(at)}/messages?limit=50`,
  'GET …/messages?limit=50, not stored yet': () => `/api/rooms/${UNSTORED_ROOM}/messages?limit=50`,
  'GET /api/inbox, 50 of 500 rooms': () => '/api/inbox?limit=50',
};

const options = benchCommand(
  'bench:api',
  'Measures the processor time of an API process for a request, relative to bare Koa and its router.',
)
  .option('--messages <number>', 'messages in the database', Number, 200_000)
  .option('--rounds <number>', 'number of turns; medians are reported', Number, 7)
  .option('--requests <number>', 'requests of a turn', Number, 300)
  .option(
    '--warm-up <number>',
    'requests of each route before the first turn, until its code is compiled',
    Number,
    1_500,
  )
  .option(
    '--rate <number>',
    'requests per second: processes that are rarely idle need less for a request',
    Number,
    200,
  )
  .option('--only <text>', 'only routes whose name has this text', '')
  .option('--against <folder>', 'another built checkout, for comparison')
  .option('--node <flags>', 'flags of Node.js for the API', '')
  .parse()
  .opts<{
    messages: number;
    rounds: number;
    requests: number;
    warmUp: number;
    rate: number;
    only: string;
    against?: string;
    node: string;
  }>();

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly client: Client;
}

/** What a request took in one turn: microseconds of processor time, and milliseconds. */
interface Turn {
  readonly cpu: number;
  readonly stores: number;
  readonly p50: number;
}

/** Publishes messages as gateways do; no archiver stores them. */
async function publish({ prepared: { redis, keyspace } }: ApiStage): Promise<void> {
  const publisher = new RedisPublisher(redis, new BrokerKeys(keyspace), {
    maxBacklogBytes: Number.MAX_SAFE_INTEGER,
    maxBatchWindowMs: 0,
  });
  const encode = messageEncoder(UNSTORED_ROOM, { id: 2, username: 'ben' });
  for (let at = 0; at < UNSTORED; at++) {
    const parts = {
      content: 'a message of usual length, as people write it',
      id: `gateway-1-mws3pfhy-u${at}`,
    };
    const body = encode({ ...parts, sentAt: Date.now(), clientMsgId: `client-${at}` });
    // Until an API has compared the room with PostgreSQL.
    for (let tries = 0; ; tries++) {
      try {
        await publisher.publish(UNSTORED_ROOM, body);
        break;
      } catch (error) {
        if (tries === 100) throw error;
        await sleep(100);
      }
    }
  }
}

async function enter({ prepared: { redis, keyspace } }: ApiStage): Promise<void> {
  const presence = new RedisPresenceStore(redis, {
    keyspace,
    noticeTarget: redisNoticeTarget(keyspace, false),
  });
  await presence.renew('gateway-1', LEASE_MS);
  for (let id = 1; id <= PRESENT; id++) {
    await presence.join('gateway-1', UNSTORED_ROOM, { id, username: `user ${id}` });
  }
}

async function startServers(stage: ApiStage, closer: Closer): Promise<Server[]> {
  const token = new Tokens(stage.secret).sign(USER);
  const client = (port: number): Client => closer.add(new Client(port, token));
  const bare = await spawnGuarded({ name: 'bare server', command: process.execPath, args: [BARE_SERVER] });
  closer.defer(() => bare.stop('SIGTERM', 5_000));
  const servers = [{ name: BARE, pid: bare.pid, client: client(await portOf(bare, 'server is listening')) }];
  const flags = options.node.split(' ').filter((flag) => flag !== '');
  const checkouts = options.against === undefined ? [root] : [resolve(options.against), root];
  for (const [at, checkout] of checkouts.entries()) {
    const { pid, port } = await startApi(stage, token, closer, checkout, flags);
    servers.push({ name: at < checkouts.length - 1 ? 'before' : 'API', pid, client: client(port) });
  }
  return servers;
}

const pathOf = ({ name }: Server, path: (at: number) => string) => (name === BARE ? () => BARE_PATH : path);

async function turn(stage: ApiStage, { pid, client }: Server, path: (at: number) => string): Promise<Turn> {
  const { requests, rate } = options;
  const ofStores = (): number => cpuOfAll(stage.postgresPid) + cpuMicros(stage.redisPid);
  const before = { own: cpuMicros(pid), stores: ofStores() };
  const times = await client.atRate(rate, path, requests);
  const [cpu, stores] = [cpuMicros(pid) - before.own, ofStores() - before.stores];
  return { cpu: cpu / requests, stores: stores / requests, p50: times[Math.floor(times.length / 2)] ?? 0 };
}

async function run(closer: Closer): Promise<Array<Record<string, string>>> {
  const stage = await openStage(options.messages, closer);
  const servers = await startServers(stage, closer);
  await publish(stage);
  await enter(stage);
  const routes = Object.entries(ROUTES).filter(([name]) => name.includes(options.only));
  const turns = new Map<string, Turn[]>();
  for (const [, path] of routes) {
    for (const server of servers) {
      await server.client.repeat(pathOf(server, path), options.warmUp, WARM_UP_AT_ONCE);
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const [route, path] of routes) {
      for (const server of servers) {
        const key = `${route} ${server.name}`;
        turns.set(key, [...(turns.get(key) ?? []), await turn(stage, server, pathOf(server, path))]);
      }
    }
  }
  return routes.flatMap(([route]) => {
    const of = (name: string): Turn[] => turns.get(`${route} ${name}`) ?? [];
    const ratio = (name: string, base: string): string =>
      median(of(name).map(({ cpu }, at) => cpu / (of(base)[at]?.cpu ?? 0))).toFixed(2);
    return servers.map(({ name }) => ({
      route,
      server: name,
      'CPU, µs': median(of(name).map(({ cpu }) => cpu)).toFixed(0),
      [`× ${BARE}`]: ratio(name, BARE),
      ...(options.against === undefined ? {} : { '× before': ratio(name, 'before') }),
      'PostgreSQL + Redis, µs': median(of(name).map(({ stores }) => stores)).toFixed(0),
      'p50, ms': median(of(name).map(({ p50 }) => p50)).toFixed(2),
    }));
  });
}

const closer = new Closer();
try {
  const before = loadavg()[0] ?? 0;
  const rows = await run(closer);
  console.table(rows);
  console.log(`Load of the machine: ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after.`);
} finally {
  await closer.close();
}
