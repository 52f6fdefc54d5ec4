import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros } from '@chorus/loadtest';
import type WebSocket from 'ws';
import { steadily, TEXT } from '../gateway/load.js';

const WARM_UP_MS = 2_000;

/** Called after each request or delivery: messages in it, and its time in milliseconds. */
export type Done = (messages: number, ms: number) => void;

/** Starts a load. @returns a function that ends it and waits for what is in progress */
export type Load = (done: Done) => () => Promise<void>;

/** What a load reached, and what it cost. */
export interface Reached {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Processor time per message in microseconds. */
  readonly server: number;
  readonly redis: number;
}

/** Repeats requests without a pause, some of them at a time. @param send resolves with the number of messages that were sent */
export function repeatedly(atOnce: number, send: () => Promise<number>): Load {
  return (done) => {
    let ended = false;
    const repeat = async (): Promise<void> => {
      while (!ended) {
        const at = performance.now();
        done(await send(), performance.now() - at);
      }
    };
    const running = Promise.all(Array.from({ length: atOnce }, repeat));
    return async () => {
      ended = true;
      await running;
    };
  };
}

/** Sends requests at a steady rate, however long they take. @param send resolves with the number of messages that were sent */
export function atRate(perSecond: number, send: () => Promise<number>): Load {
  return (done) => {
    const running = new Set<Promise<void>>();
    let failure: unknown;
    const stop = steadily(perSecond, () => {
      const at = performance.now();
      const request = send()
        .then((messages) => done(messages, performance.now() - at))
        .catch((error: unknown) => {
          failure = error;
        })
        .finally(() => running.delete(request));
      running.add(request);
    });
    return async () => {
      stop();
      await Promise.all(running);
      if (failure !== undefined) throw failure;
    };
  };
}

/** Sends messages by sockets that are alone in their rooms, at a steady rate. A message is done when its sender receives it. */
export function bySocket(perSecond: number, sockets: readonly WebSocket[]): Load {
  return (done) => {
    const sentAt = sockets.map((): number[] => []);
    for (const [index, socket] of sockets.entries()) {
      socket.on('message', () => {
        const at = sentAt[index]?.shift();
        if (at !== undefined) done(1, performance.now() - at);
      });
    }
    const stop = steadily(perSecond, (count) => {
      const index = count % sockets.length;
      sentAt[index]?.push(performance.now());
      sockets[index]?.send(TEXT);
    });
    return async () => stop();
  };
}

/** Warms up, and measures a load. @param pids processes whose processor time is counted */
export async function measure(
  load: Load,
  ms: number,
  pids: { readonly server: number; readonly redis: number },
): Promise<Reached> {
  const times: number[] = [];
  let messages = 0;
  let measuring = false;
  const stop = load((count, time) => {
    if (!measuring) return;
    messages += count;
    times.push(time);
  });
  await sleep(WARM_UP_MS);
  const before = { at: performance.now(), server: cpuMicros(pids.server), redis: cpuMicros(pids.redis) };
  measuring = true;
  await sleep(ms);
  measuring = false;
  const seconds = (performance.now() - before.at) / 1_000;
  const [server, redis] = [cpuMicros(pids.server) - before.server, cpuMicros(pids.redis) - before.redis];
  await stop();
  times.sort((a, b) => a - b);
  const percentile = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN;
  return {
    perSecond: messages / seconds,
    ...{ p50: percentile(0.5), p99: percentile(0.99) },
    ...{ server: server / messages, redis: redis / messages },
  };
}
