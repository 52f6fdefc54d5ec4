import { setTimeout as sleep } from 'node:timers/promises';
import { RedisBroker } from '@chorus/broker';
import { RedisMembershipList, type UserMemberships } from '@chorus/control';
import { cpuMicros, residentBytes } from '@chorus/loadtest';
import { freePort } from '@chorus/local';
import { messageEncoder } from '@chorus/protocol';
import { redisAt } from '@chorus/redis/testing';
import { Closer, createLogger } from '@chorus/service';
import { benchCommand } from '../bench-command.js';
import { type BenchGateway, type BenchGateways, startGateways } from '../gateway/bench-gateways.js';
import { holdWatchers, type Watchers } from './watchers.js';

/*
 * `pnpm bench:watching`: sockets that watch their inboxes through two gateways over one Redis.
 *
 * 1. Memory of direct rooms whose two people watch, through the two gateways: what the rooms add to Redis, and what watching adds
 *    to the gateways.
 * 2. Cost of opening an inbox of 200 rooms.
 * 3. Messages in one room of 100,000 members, of whom the watching users are some, and which no socket has joined: time from
 *    publishing to the arrival of each frame, cost, and number of deliveries per gateway.
 */

const options = benchCommand(
  'bench:watching',
  'Measures what inboxes cost in time, processor time and memory.',
)
  .option('--sockets <number>', 'watching sockets', Number, 10_000)
  .option('--direct <number>', 'direct rooms', Number, 100_000)
  .option('--members <number>', 'members of the large room', Number, 100_000)
  .option('--messages <number>', 'messages in the large room', Number, 30)
  .parse()
  .opts<{ sockets: number; direct: number; members: number; messages: number }>();

const GATEWAYS = 2;
/** Rooms of each user whose inbox is opened, and number of these users. */
const INBOX_ROOMS = 200;
const INBOX_USERS = 1_000;
const WARM_UP = 400;
const LARGE_ROOM = 1;
const FIRST_DIRECT = 1_000;
const FIRST_OF_INBOX = 5_000_000;
const AT_ONCE = 500;
/** Time for the work that a step leaves behind, in milliseconds. */
const SETTLE_MS = 3_000;
const MESSAGE_EVERY_MS = 500;

/** Direct rooms by user. */
const roomsOfUsers = new Map<number, number[]>();
const log = createLogger({ service: 'bench', level: 'warn' });
const closer = new Closer();
const lines: Array<Record<string, string>> = [];
const report = (what: string, measured: string): void => {
  console.error(`${what}: ${measured}`);
  lines.push({ what, measured });
};

const operatorPorts = [await freePort(), await freePort()];
const variants = operatorPorts.map((port) => ({ env: { OPERATOR_PORT: String(port) } }));
const cluster = closer.add(await startGateways(GATEWAYS, { IDLE_TIMEOUT_SECONDS: '960' }, variants));
const { directory, redis, keyspace } = cluster.prepared;
const memberships = new RedisMembershipList(redis, keyspace);
const restoration = await memberships.beginRestoration();
const holders = cluster.gateways.map((gateway) => closer.add(holdWatchers(gateway)));

try {
  await directRooms();
  await openInboxes();
  await largeRoom();
  console.table(lines);
} finally {
  await closer.close();
}

/** Users with the ids from 1, of whom every second one is on either gateway. */
function idsAt(gateway: number): number[] {
  const ids = Array.from({ length: options.sockets }, (_, index) => index + 1);
  return ids.filter((id) => id % GATEWAYS === gateway);
}

/** The two people of a direct room, who are on different gateways; each has as many rooms as the others. */
function peopleOf(room: number): [number, number] {
  const pairs = options.sockets / 2;
  const first = (room % pairs) * 2;
  const second = ((room + 1 + Math.floor(room / pairs) * 7) % pairs) * 2 + 1;
  return [first + 1, second + 1];
}

async function restore(rooms: ReadonlyMap<number, readonly number[]>): Promise<void> {
  const users = [...rooms].map(
    ([userId, ids]): UserMemberships => ({ userId, memberships: ids.map((id) => [id, { role: 'member' }]) }),
  );
  for (let at = 0; at < users.length; at += AT_ONCE) await restoration.users(users.slice(at, at + AT_ONCE));
}

async function createRooms(
  ids: readonly number[],
  kind: 'direct' | 'public',
  size: 'small' | 'large',
): Promise<void> {
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => directory.ensure(id, 0, id, kind, size)));
  }
}

async function directRooms(): Promise<void> {
  const { direct } = options;
  const ids = Array.from({ length: direct }, (_, index) => FIRST_DIRECT + index);
  const fresh = await cluster.redisBytes();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => directory.ensure(id, 0, id, 'public')));
  }
  const created = await cluster.redisBytes();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => directory.setSize(id, 'small')));
  }
  const sized = await cluster.redisBytes();
  for (const id of ids) {
    for (const person of peopleOf(id)) {
      const rooms = roomsOfUsers.get(person);
      if (rooms === undefined) roomsOfUsers.set(person, [id]);
      else rooms.push(id);
    }
  }
  await restore(roomsOfUsers);
  await restoration.complete();
  const joined = await cluster.redisBytes();
  await Promise.all(holders.map((holder, at) => holder.open(idsAt(at))));
  const connected = await settledMemory();
  await Promise.all(holders.map((holder) => holder.watch(0)));
  const watching = await settledMemory();
  const each = (bytes: number): number => bytes / direct;
  const [traits, members] = [each(sized - created), each(joined - sized)];
  const gateways = each(watching.used - connected.used);
  report(
    'a direct room in Redis: its stream and record, as before',
    `${each(created - fresh).toFixed(0)} bytes`,
  );
  report('its traits and two memberships', `${traits.toFixed(0)} + ${members.toFixed(0)} bytes`);
  report('a direct room in both gateways: memory in use', `${gateways.toFixed(0)} bytes`);
  report('resident memory', `${each(watching.resident - connected.resident).toFixed(0)} bytes`);
  report('traits, memberships and gateways', `${(traits + members + gateways).toFixed(0)} bytes`);
}

/** Memory of the gateways without garbage: what JavaScript and its arrays use, and what the system reports. */
async function settledMemory(): Promise<{ used: number; resident: number }> {
  await sleep(SETTLE_MS);
  for (const gateway of cluster.gateways) await gateway.collectGarbage();
  const used = await Promise.all(operatorPorts.map(usedBytes));
  const resident = cluster.gateways.reduce((sum, { pid }) => sum + residentBytes(pid), 0);
  return { used: used.reduce((sum, each) => sum + each), resident };
}

async function usedBytes(operatorPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${operatorPort}/metrics`);
  const text = await response.text();
  const [, heap] = /^nodejs_heap_size_used_bytes(?:\{.*\})? (\S+)/m.exec(text) ?? [];
  const [, external] = /^nodejs_external_memory_bytes(?:\{.*\})? (\S+)/m.exec(text) ?? [];
  return Number(heap) + Number(external);
}

async function openInboxes(): Promise<void> {
  const [gateway] = cluster.gateways as [BenchGateway];
  const users = Array.from({ length: INBOX_USERS }, (_, index) => FIRST_OF_INBOX + index);
  const some = new Map(
    users.map((id, at) => [
      id,
      Array.from({ length: INBOX_ROOMS }, (_, n) => FIRST_DIRECT + ((at * 97 + n * 31) % 50_000)),
    ]),
  );
  await restore(some);
  const holder = holdWatchers(gateway);
  await holder.open(users);
  await holder.watch(0, WARM_UP);
  await sleep(SETTLE_MS);
  const before = [cpuMicros(gateway.pid), cpuMicros(cluster.redisPid)] as const;
  await holder.watch(WARM_UP);
  const after = [cpuMicros(gateway.pid), cpuMicros(cluster.redisPid)] as const;
  const each = (at: 0 | 1): number => (after[at] - before[at]) / (INBOX_USERS - WARM_UP);
  const [own, ofRedis] = [each(0), each(1)];
  report(
    `opening an inbox of ${INBOX_ROOMS} rooms`,
    `${own.toFixed(0)} µs of the gateway + ${ofRedis.toFixed(0)} µs of Redis`,
  );
  await holder.close();
  await sleep(SETTLE_MS);
}

async function largeRoom(): Promise<void> {
  const { members, sockets, messages } = options;
  await createRooms([LARGE_ROOM], 'public', 'large');
  const all = new Map<number, readonly number[]>(
    Array.from({ length: members }, (_, index) => [
      index + 1,
      [...(roomsOfUsers.get(index + 1) ?? []), LARGE_ROOM],
    ]),
  );
  await restore(all);
  await Promise.all(holders.map((holder) => holder.watch(0)));
  const limits = { maxBacklogBytes: 1e12, maxBatchWindowMs: 0, connectTimeoutMs: 5_000 };
  const broker = closer.add(
    await RedisBroker.connect({ redis: redisAt(cluster.redisUrl, 10_000), keyspace, ...limits, log }),
  );
  const subscribers = await redis.call('PUBSUB', 'NUMSUB', 'chorus:activity');
  const rooms = (await redis.call('PUBSUB', 'CHANNELS', '*room*')) as string[];
  const encode = messageEncoder(LARGE_ROOM, { id: members, username: 'user' });
  const publish = async (n: number): Promise<number> => {
    const at = performance.timeOrigin + performance.now();
    await broker.publish(LARGE_ROOM, encode({ content: 'x'.repeat(128), id: String(n), sentAt: Date.now() }));
    await sleep(MESSAGE_EVERY_MS);
    return at;
  };
  for (let n = 0; n < 5; n++) await publish(n);
  await sleep(SETTLE_MS);
  for (const holder of holders) await holder.arrivals();
  const idle = look(cluster);
  await sleep(messages * MESSAGE_EVERY_MS + SETTLE_MS);
  const before = look(cluster);
  const times: number[] = [];
  for (let n = 0; n < messages; n++) times.push(await publish(n + 5));
  await sleep(SETTLE_MS);
  const after = look(cluster);
  const latencies = await latenciesOf(holders, times);
  const at = (share: number): string =>
    `${(latencies[Math.ceil(latencies.length * share) - 1] ?? 0).toFixed(0)} ms`;
  report('members · watching sockets · messages', `${members} · ${sockets} · ${messages}`);
  report('frames expected · received', `${sockets * messages} · ${latencies.length}`);
  report('from publishing to a frame: p50 · p99 · most', `${at(0.5)} · ${at(0.99)} · ${at(1)}`);
  report(
    'subscriptions of the activity channel · of rooms',
    `${String((subscribers as unknown[])[1])} · ${rooms.length}`,
  );
  // Without what the processes use in the same time without messages.
  const each = (of: 'gateways' | 'redis'): number => (after[of] - 2 * before[of] + idle[of]) / messages;
  report(
    'processor time of a message: both gateways · Redis',
    `${(each('gateways') / 1_000).toFixed(1)} ms · ${each('redis').toFixed(0)} µs`,
  );
}

function look({ gateways, redisPid }: BenchGateways) {
  return { gateways: gateways.reduce((sum, { pid }) => sum + cpuMicros(pid), 0), redis: cpuMicros(redisPid) };
}

/** Times from publishing to each frame, in ascending order, in milliseconds. @param times when messages were published */
async function latenciesOf(watchers: readonly Watchers[], times: readonly number[]): Promise<number[]> {
  const latencies: number[] = [];
  for (const holder of watchers) {
    for (const [n, at] of await holder.arrivals()) latencies.push(at - (times[n - 6] ?? Number.NaN));
  }
  return latencies.sort((a, b) => a - b);
}
