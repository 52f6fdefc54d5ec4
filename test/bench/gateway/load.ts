import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros } from '@chorus/loadtest';
import type WebSocket from 'ws';
import type { BenchServer } from './bench-gateways.js';

const WARM_UP_MS = 3_000;
const MEASURE_MS = 8_000;
/** Sockets opened concurrently. */
const OPENING = 100;
/** A message of natural text, 128 bytes. */
export const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(3).slice(0, 128);

/**
 * Opens sockets of users with ids from `firstId` on.
 * @param roomOf returns the room of the n-th socket
 */
export async function openSockets(
  server: Pick<BenchServer, 'join'>,
  count: number,
  roomOf: (index: number) => number,
  firstId = 1,
): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(OPENING, count - sockets.length) }, (_, offset) => {
      const index = sockets.length + offset;
      return server.join(roomOf(index), { id: firstId + index, username: `user${firstId + index}` });
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

/** Counts message frames, without joined and left. */
export function countMessages(sockets: WebSocket[]): () => number {
  let count = 0;
  for (const socket of sockets) {
    // Only messages begin with `{"seq"`.
    socket.on('message', (data: Buffer) => {
      if (data[2] === 's'.charCodeAt(0)) count++;
    });
  }
  return () => count;
}

/** Calls `send` at a steady rate, making up for late timers. Returns a function that stops it. */
export function steadily(perSecond: number, send: (index: number) => void): () => void {
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) / 1_000) * perSecond);
    for (; sent < due; sent++) send(sent);
  }, 1);
  return () => clearInterval(timer);
}

/** What named processes spent while messages were delivered. */
export interface Measured<Name extends string> {
  delivered: number;
  seconds: number;
  /** Processor time in microseconds. */
  cpu: Record<Name, number>;
}

/** Warms up under the load, then measures. */
export async function measure<Name extends string>(
  pids: Record<Name, number>,
  delivered: () => number,
): Promise<Measured<Name>> {
  const names = Object.keys(pids) as Name[];
  const read = () =>
    Object.fromEntries(names.map((name) => [name, cpuMicros(pids[name])])) as Record<Name, number>;
  await sleep(WARM_UP_MS);
  const before = { cpu: read(), delivered: delivered(), at: performance.now() };
  await sleep(MEASURE_MS);
  const cpu = read();
  for (const name of names) cpu[name] -= before.cpu[name];
  return { cpu, delivered: delivered() - before.delivered, seconds: (performance.now() - before.at) / 1_000 };
}
