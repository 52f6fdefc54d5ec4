import { setTimeout as sleep } from 'node:timers/promises';
import type WebSocket from 'ws';
import { type BenchGateway, type BenchGateways, startGateways } from './bench-gateways.js';
import { cpuMicros, residentBytes } from './process-cost.js';

/*
 * `pnpm bench:gateway`: what a gateway costs per message, per delivery and per connection.
 * Figures are processor time of the gateway process alone; run it on an otherwise idle machine.
 */

interface Row {
  what: string;
  load: string;
  measured: string;
  target: string;
  met: 'yes' | 'NO';
}

const rows: Row[] = [];
const WARM_UP_MS = 3_000;
const MEASURE_MS = 8_000;
/** A message as people write them, 128 bytes. */
const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(3).slice(0, 128);

function report(what: string, load: string, value: number, unit: string, target: number): void {
  const row: Row = {
    what,
    load,
    measured: `${value.toFixed(2)} ${unit}`,
    target: `≤ ${target} ${unit}`,
    met: value <= target ? 'yes' : 'NO',
  };
  rows.push(row);
  console.error(`${row.what}: ${row.measured} (${row.load})`);
}

/** Opens sockets, some at a time. `roomOf` says which room the n-th socket enters. */
async function openSockets(
  cluster: BenchGateways,
  gateway: BenchGateway,
  count: number,
  roomOf: (index: number) => number,
  firstId = 1,
): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let at = 0; at < count; at += 100) {
    const batch = Array.from({ length: Math.min(100, count - at) }, (_, offset) => {
      const index = at + offset;
      return cluster.join(gateway, roomOf(index), {
        id: firstId + index,
        username: `user${firstId + index}`,
      });
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

/** Counts message frames (and not joined and left). */
function countMessages(sockets: WebSocket[]): () => number {
  let count = 0;
  for (const socket of sockets) {
    // '{"seq"' opens a message and nothing else.
    socket.on('message', (data: Buffer) => {
      if (data[2] === 0x73) count++;
    });
  }
  return () => count;
}

/** Calls `send` at a steady rate, with intended times kept when the timer is late; stops by the returned function. */
function steadily(perSecond: number, send: (index: number) => void): () => number {
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) / 1_000) * perSecond);
    for (; sent < due; sent++) send(sent);
  }, 1);
  return () => {
    clearInterval(timer);
    return sent;
  };
}

interface Measured {
  gatewayMicros: number;
  redisMicros: number;
  delivered: number;
  seconds: number;
}

async function measure(
  cluster: BenchGateways,
  gateway: BenchGateway,
  delivered: () => number,
): Promise<Measured> {
  await sleep(WARM_UP_MS);
  const before = {
    gateway: cpuMicros(gateway.pid),
    redis: cpuMicros(cluster.redisPid),
    count: delivered(),
    at: performance.now(),
  };
  await sleep(MEASURE_MS);
  return {
    gatewayMicros: cpuMicros(gateway.pid) - before.gateway,
    redisMicros: cpuMicros(cluster.redisPid) - before.redis,
    delivered: delivered() - before.count,
    seconds: (performance.now() - before.at) / 1_000,
  };
}

async function withGateways(count: number, action: (cluster: BenchGateways) => Promise<void>): Promise<void> {
  const cluster = await startGateways(count);
  try {
    await action(cluster);
  } finally {
    await cluster.close();
  }
}

/** Sequence and history included, one delivery each. */
async function inboundMessages(): Promise<void> {
  await withGateways(2, async (cluster) => {
    const [busy, idle] = cluster.gateways as [BenchGateway, BenchGateway];
    const rooms = 1_000;
    await cluster.createRooms(Array.from({ length: rooms }, (_, index) => index + 1));
    const sockets = await openSockets(cluster, busy, rooms, (index) => index + 1);
    const delivered = countMessages(sockets);
    const stop = steadily(10_000, (index) => sockets[index % rooms]?.send(TEXT));
    const idleBefore = cpuMicros(idle.pid);
    const result = await measure(cluster, busy, delivered);
    const idleMicros = (cpuMicros(idle.pid) - idleBefore) / ((WARM_UP_MS + MEASURE_MS) / 1_000);
    stop();
    const load = `${Math.round(result.delivered / result.seconds)} messages/s, ${rooms} rooms of 1`;
    report('gateway CPU per inbound message', load, result.gatewayMicros / result.delivered, 'µs', 55);
    report('gateway CPU without members of the rooms', load, idleMicros / 10_000, '% of a core', 1);
    console.error(`  (Redis: ${(result.redisMicros / result.delivered).toFixed(2)} µs a message)`);
  });
}

/** One room of 1,000 with one sender: every message finds its receivers in a tick of its own. */
async function deliveries(burst: number, perSecond: number, target: number): Promise<void> {
  await withGateways(1, async (cluster) => {
    const [gateway] = cluster.gateways as [BenchGateway];
    await cluster.createRooms([1]);
    const sockets = await openSockets(cluster, gateway, 1_000, () => 1);
    const delivered = countMessages(sockets);
    const stop = steadily(perSecond, (index) => {
      for (let sender = 0; sender < burst; sender++)
        sockets[(index * burst + sender) % sockets.length]?.send(TEXT);
    });
    const result = await measure(cluster, gateway, delivered);
    stop();
    const rate = Math.round(result.delivered / result.seconds);
    const load = `${rate} deliveries/s, room of 1,000, ${burst} message${burst === 1 ? '' : 's'} at a time`;
    report('gateway CPU per delivery', load, result.gatewayMicros / result.delivered, 'µs', target);
  });
}

async function idleConnections(): Promise<void> {
  await withGateways(1, async (cluster) => {
    const [gateway] = cluster.gateways as [BenchGateway];
    const count = 10_000;
    await cluster.createRooms(Array.from({ length: count / 10 }, (_, index) => index + 1));
    // The first thousand grow the heap to its working size; they are part of every gateway.
    const roomOf = (index: number): number => (index % (count / 10)) + 1;
    await openSockets(cluster, gateway, 1_000, roomOf);
    await sleep(3_000);
    const before = residentBytes(gateway.pid);
    const cpu = cpuMicros(gateway.pid);
    await openSockets(cluster, gateway, count, roomOf, 1_001);
    const connectMicros = (cpuMicros(gateway.pid) - cpu) / count;
    await sleep(5_000);
    const load = `${count} connections in rooms of 10`;
    report(
      'gateway memory per idle joined connection',
      load,
      (residentBytes(gateway.pid) - before) / count / 1_024,
      'KiB',
      4,
    );
    console.error(`  (gateway CPU per connect and join: ${connectMicros.toFixed(0)} µs)`);
  });
}

await inboundMessages();
await deliveries(1, 20, 5);
await deliveries(20, 4, 1);
await idleConnections();
console.table(rows);
