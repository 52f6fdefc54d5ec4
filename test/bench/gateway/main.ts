import { Argument } from 'commander';
import { benchCommand } from '../bench-command.js';
import {
  type BenchGateway,
  type BenchGateways,
  type BenchServer,
  startBareServer,
  startGateways,
} from './bench-gateways.js';
import { measureIdle } from './idle.js';
import type { SocketKind } from './idle-sockets.js';
import { countMessages, measure, openSockets, steadily, TEXT } from './load.js';

/*
 * `pnpm bench:gateway`: cost of a message, a delivery and a connection, in processor time of the gateway process
 * alone. Most of a delivery is the kernel's work, so the bare WebSocket library carries the load of the deliveries as
 * well, in one run: compare with that floor first, because it varies with the machine. Run it on an otherwise idle
 * machine. `messages`, `deliveries` or `idle` as an argument runs that part alone.
 */

const rows: Array<Record<string, string>> = [];

function report(
  what: string,
  load: string,
  value: number,
  unit: string,
  target: number,
  floor?: number,
): void {
  const met = value <= target ? 'yes' : 'no';
  rows.push({
    what,
    load,
    measured: `${value.toFixed(2)} ${unit}`,
    target: `≤ ${target} ${unit}`,
    met,
    floor: floor === undefined ? '' : `${floor.toFixed(2)} ${unit}`,
    'of the floor': floor === undefined ? '' : `× ${(value / floor).toFixed(2)}`,
  });
  console.error(`${what}: ${value.toFixed(2)} ${unit}, target ≤ ${target} (${load})`);
}

async function withGateways(count: number, action: (cluster: BenchGateways) => Promise<void>): Promise<void> {
  const cluster = await startGateways(count);
  try {
    await action(cluster);
  } finally {
    await cluster.close();
  }
}

/** Numbering, history and one delivery included, on a gateway without other members of the rooms. */
async function inboundMessages(): Promise<void> {
  await withGateways(2, async ({ gateways, redisPid, createRooms }) => {
    const [busy, idle] = gateways as [BenchGateway, BenchGateway];
    const rooms = 1_000;
    await createRooms(Array.from({ length: rooms }, (_, index) => index + 1));
    const sockets = await openSockets(busy, rooms, (index) => index + 1);
    const stop = steadily(10_000, (index) => sockets[index % rooms]?.send(TEXT));
    const result = await measure({ busy: busy.pid, idle: idle.pid, redis: redisPid }, countMessages(sockets));
    stop();
    const load = `${Math.round(result.delivered / result.seconds)} messages/s, ${rooms} rooms of 1`;
    report('gateway CPU per inbound message', load, result.cpu.busy / result.delivered, 'µs', 55);
    const idlePercent = result.cpu.idle / result.seconds / 10_000;
    report('gateway without members of these rooms', load, idlePercent, '% of a core', 1);
    console.error(`  (Redis: ${(result.cpu.redis / result.delivered).toFixed(2)} µs per message)`);
  });
}

/** One room of 1,000; `burst` messages at once, `perSecond` times per second. */
async function deliveries(burst: number, perSecond: number, target: number): Promise<void> {
  let load = '';
  const cost = async (server: BenchServer): Promise<number> => {
    const sockets = await openSockets(server, 1_000, () => 1);
    const stop = steadily(perSecond, (index) => {
      for (let sender = 0; sender < burst; sender++) sockets[(index * burst + sender) % 1_000]?.send(TEXT);
    });
    const result = await measure({ server: server.pid }, countMessages(sockets));
    stop();
    for (const socket of sockets) socket.terminate();
    load = `${Math.round(result.delivered / result.seconds)} deliveries/s, room of 1,000, ${burst} at a time`;
    return result.cpu.server / result.delivered;
  };
  const bare = await startBareServer();
  const floor = await cost(bare).finally(() => bare.close());
  await withGateways(1, async ({ gateways, createRooms }) => {
    const [gateway] = gateways as [BenchGateway];
    await createRooms([1]);
    report('gateway CPU per delivery', load, await cost(gateway), 'µs', target, floor);
  });
}

async function idleConnections(kind: SocketKind, roomSize: number): Promise<void> {
  const count = 20_000;
  const cost = await measureIdle(kind, count, roomSize);
  const load = `${count} ${kind} connections in rooms of ${roomSize}, 2 gateways`;
  report('gateway memory per idle connection', load, cost.resident / 1_024, 'KiB', 4);
  report('Redis memory per idle connection', load, cost.redis, 'B', 200);
  console.error(
    `  (gateway memory after the first thousand: ${(cost.residentWarm / 1_024).toFixed(2)} KiB; without garbage: ` +
      `${(cost.residentCollected / 1_024).toFixed(2)} KiB)`,
  );
  console.error(
    `  (CPU per connect, join and announcement: ${cost.connectCpu.toFixed(0)} µs of the gateways, ` +
      `${cost.connectRedisCpu.toFixed(0)} µs of Redis, at ${cost.connectsPerSecond.toFixed(0)} connects/s)`,
  );
}

const [only] = benchCommand(
  'bench:gateway',
  'Measures the processor time and memory that a message, a delivery and a connection cost a gateway.',
)
  .addArgument(
    new Argument('[part]', 'part to measure; default: all').choices(['messages', 'deliveries', 'idle']),
  )
  .parse().args;
if (only === undefined || only === 'messages') await inboundMessages();
if (only === undefined || only === 'deliveries') {
  await deliveries(1, 20, 5);
  await deliveries(20, 4, 1);
}
if (only === undefined || only === 'idle') {
  await idleConnections('plain', 10);
  await idleConnections('chorus.v1', 10);
  await idleConnections('plain', 100);
}
console.table(rows);
