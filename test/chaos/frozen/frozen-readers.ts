import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChorusClient } from '@chorus/client';
import type { Member } from '@chorus/cluster';
import { residentBytes } from '@chorus/loadtest';
import { Closer } from '@chorus/service';
import { WebSocket } from 'ws';
import { type Spread, spread } from '../figures/spread.js';
import type { RunContext } from '../run-chaos.js';
import { startChaosCluster } from '../worlds/chaos-cluster.js';
import { openRawReader } from './raw-reader.js';

const ROOM = 1;
const MEMBERS = 1_000;
/** Number of readers whose deliveries are timed. */
const TIMED = 100;
const FROZEN = 50;
const RATE = 100;
const SENDERS = 20;
const TEXT = 'x'.repeat(512);
const WARM_UP_MS = 5_000;
const PHASE_MS = 20_000;
const OPENING = 25;

export interface Phase {
  latency: Spread;
  /** Largest memory of all gateways together, in bytes. */
  memory: number;
}

export interface FrozenResult {
  /** All read; some have stopped; later with the same ones stopped; all read again. */
  phases: readonly [Phase, Phase, Phase, Phase];
  /** Number of frozen readers that their gateways cut off. */
  cutOff: number;
}

/** One room with a thousand members and a hundred messages per second, in which some members stop reading. */
export async function frozenReaders(context: RunContext): Promise<FrozenResult> {
  const closer = new Closer();
  try {
    return await run(context, closer);
  } finally {
    await closer.close();
  }
}

async function run({ signal, say }: RunContext, closer: Closer): Promise<FrozenResult> {
  // The sockets do not answer pings, and a reader's queue must become full within the run.
  const env = { IDLE_TIMEOUT_SECONDS: '600', MAX_QUEUED_BYTES: '262144', MAX_MESSAGES_PER_SECOND: '1000' };
  const cluster = closer.add(await startChaosCluster(env));
  const tokenOf = (id: number): string => cluster.tokenOf({ id, username: `user-${id}` });
  const gatewayOf = (index: number): Member => {
    const gateway = cluster.gateways[index % cluster.gateways.length];
    if (gateway === undefined) throw new Error('there is no gateway');
    return gateway;
  };
  await cluster.createRooms([ROOM], tokenOf(1));

  let latencies: number[] = [];
  const sentAt = new Map<string, number>();
  const timed = Array.from({ length: TIMED }, (_, index) => {
    const url = gatewayOf(index).url;
    const client = new ChorusClient({ url, token: tokenOf(1_000 + index), webSocket: WebSocket });
    closer.add(client);
    const room = client.join(ROOM);
    room.on('message', ({ content }) => {
      const sent = sentAt.get(content.split(' ', 1)[0] ?? '');
      if (sent !== undefined) latencies.push(performance.now() - sent);
    });
    client.connect();
    return room;
  });
  const readers: Socket[] = [];
  closer.defer(() => {
    for (const reader of readers) reader.destroy();
  });
  while (readers.length < MEMBERS - TIMED) {
    signal.throwIfAborted();
    const opening = Array.from({ length: OPENING }, (_, index) => {
      const at = readers.length + index;
      return openRawReader(gatewayOf(at).url, tokenOf(10_000 + at), ROOM);
    });
    readers.push(...(await Promise.all(opening)));
  }
  say(`${MEMBERS} members are in one room`);

  let sent = 0;
  const start = performance.now();
  const timer = setInterval(() => {
    for (; sent < ((performance.now() - start) / 1_000) * RATE; sent++) {
      sentAt.set(String(sent), performance.now());
      timed[sent % SENDERS]?.send(`${sent} ${TEXT}`);
    }
  }, 2);
  closer.defer(() => clearInterval(timer));

  const phase = async (what: string): Promise<Phase> => {
    latencies = [];
    let memory = 0;
    const end = performance.now() + PHASE_MS;
    while (performance.now() < end) {
      await sleep(250, undefined, { signal });
      memory = Math.max(
        memory,
        cluster.gateways.reduce((sum, { pid }) => sum + residentBytes(pid), 0),
      );
    }
    const latency = spread(latencies);
    say(`${what}: p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms`);
    return { latency, memory };
  };
  await sleep(WARM_UP_MS, undefined, { signal });
  const before = await phase('all read');
  const frozen = readers.slice(0, FROZEN);
  for (const reader of frozen) reader.pause();
  const during = await phase(`${FROZEN} have stopped`);
  const later = await phase('later');
  let cutOff = 0;
  for (const reader of frozen) {
    reader.once('close', () => cutOff++);
    reader.resume();
  }
  await sleep(WARM_UP_MS, undefined, { signal });
  const after = await phase('all read again');
  return { phases: [before, during, later, after], cutOff };
}

/**
 * Compares the latency of others while some have stopped with that before and afterwards, because the machine changes
 * between phases.
 * @returns whether the difference is negligible
 */
export function printFrozen({ phases, cutOff }: FrozenResult): boolean {
  const [before, during, later, after] = phases;
  const names = ['all read', `${FROZEN} have stopped`, 'later', 'all read again'];
  const usual = (before.latency.p99 + after.latency.p99) / 2;
  console.table(
    phases.map(({ latency, memory }, index) => ({
      phase: names[index],
      deliveries: latency.count,
      'p50 (ms)': latency.p50.toFixed(1),
      'p99 (ms)': latency.p99.toFixed(1),
      'p99 / usual': (latency.p99 / usual).toFixed(2),
      'memory of gateways (MiB)': Math.round(memory / 2 ** 20),
    })),
  );
  const ratio = (during.latency.p99 + later.latency.p99) / 2 / usual;
  console.log(
    `${MEMBERS} members, ${RATE} messages/s, ${FROZEN} frozen: the others' p99 × ${ratio.toFixed(2)} (target ≤ 1.2); ${cutOff} of the frozen were cut off`,
  );
  return ratio <= 1.2;
}
