import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros, residentBytes } from '@chorus/loadtest';
import { type BenchGateways, startGateways } from './bench-gateways.js';
import { holdSockets, type IdleUser, type SocketKind } from './idle-sockets.js';

/** Time for the work that a ramp leaves behind, in milliseconds. */
const SETTLE_MS = 5_000;
/** Number of connections after which all involved code has run. */
const WARM_UP = 1_000;

/** Cost of an idle connection, over all gateways; in bytes and microseconds per connection. */
export interface IdleCost {
  /** Growth of the gateways since before their first connection, as the system reports it. */
  resident: number;
  /** Growth after the first thousand connections: the memory for code and heap is allocated by then. */
  residentWarm: number;
  /** Like `resident`, after the gateways have collected their garbage. */
  residentCollected: number;
  redis: number;
  /** Processor time until the user is in the room and the other members were notified. */
  connectCpu: number;
  connectRedisCpu: number;
  connectsPerSecond: number;
}

/** Connects separate users to two gateways, half of each room to each. */
export async function measureIdle(
  kind: SocketKind,
  connections: number,
  roomSize: number,
): Promise<IdleCost> {
  // The sockets do not answer pings.
  const cluster = await startGateways(2, { IDLE_TIMEOUT_SECONDS: '960' });
  const holders = cluster.gateways.map((gateway) => holdSockets(gateway, kind));
  try {
    const users = Array.from({ length: connections }, (_, index): IdleUser => {
      const id = 100_001 + index;
      return { id, username: `user${id}`, roomId: 1 + Math.floor(index / roomSize) };
    });
    const rooms = Math.ceil(connections / roomSize);
    await cluster.createRooms(Array.from({ length: rooms }, (_, index) => index + 1));
    const open = async (some: readonly IdleUser[]): Promise<void> => {
      await Promise.all(
        holders.map((holder, at) => holder.open(some.filter(({ id }) => id % holders.length === at))),
      );
      await sleep(SETTLE_MS);
    };
    const fresh = await look(cluster);
    await open(users.slice(0, WARM_UP));
    const warm = await look(cluster);
    const start = performance.now();
    await open(users.slice(WARM_UP));
    const seconds = (performance.now() - start - SETTLE_MS) / 1_000;
    const full = await look(cluster);
    for (const gateway of cluster.gateways) await gateway.collectGarbage();
    const collected = await look(cluster);
    const measured = connections - WARM_UP;
    return {
      resident: (full.resident - fresh.resident) / connections,
      residentWarm: (full.resident - warm.resident) / measured,
      residentCollected: (collected.resident - fresh.resident) / connections,
      redis: (full.redis - fresh.redis) / connections,
      connectCpu: (full.cpu - warm.cpu) / measured,
      connectRedisCpu: (full.redisCpu - warm.redisCpu) / measured,
      connectsPerSecond: measured / seconds,
    };
  } finally {
    for (const holder of holders) await holder.close();
    await cluster.close();
  }
}

async function look({ gateways, redisPid, redisBytes }: BenchGateways) {
  const sum = (of: (pid: number) => number): number => gateways.reduce((all, { pid }) => all + of(pid), 0);
  return {
    resident: sum(residentBytes),
    cpu: sum(cpuMicros),
    redis: await redisBytes(),
    redisCpu: cpuMicros(redisPid),
  };
}
