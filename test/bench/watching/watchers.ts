import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Closeable } from '@chorus/service';
import type { BenchGateway } from '../gateway/bench-gateways.js';

/** Order to a process that holds sockets; it replies when it has done all of it. */
export type WatchOrder =
  | {
      readonly type: 'open';
      readonly port: number;
      readonly secret: string;
      readonly userIds: readonly number[];
    }
  | { readonly type: 'watch'; readonly from: number; readonly to?: number }
  | { readonly type: 'arrivals' };

/** Ordinal of the newest message in a frame, and when it arrived: milliseconds since 1970 with fractions. */
export type Arrival = readonly [n: number, at: number];
export type WatchReply = Arrival[];

/** Sockets at one gateway, held by a process of their own. */
export interface Watchers extends Closeable {
  /** Opens one socket per user. */
  open(userIds: readonly number[]): Promise<void>;
  /** Watches the inboxes of some of the sockets, in the order in which they were opened. */
  watch(from: number, to?: number): Promise<void>;
  /** Returns what has arrived since the last call. */
  arrivals(): Promise<Arrival[]>;
}

const CLIENT = fileURLToPath(new URL('watch-client.ts', import.meta.url));

export function holdWatchers({ port, secret }: BenchGateway): Watchers {
  const client = fork(CLIENT, { execArgv: ['--import', 'tsx'] });
  const ended = once(client, 'exit');
  const send = async (order: WatchOrder): Promise<WatchReply> => {
    client.send(order);
    const early = ended.then(() => {
      throw new Error('the process that holds the sockets has ended');
    });
    const [reply] = (await Promise.race([once(client, 'message'), early])) as [WatchReply];
    return reply;
  };
  return {
    open: async (userIds) => void (await send({ type: 'open', port, secret, userIds })),
    watch: async (from, to) =>
      void (await send({ type: 'watch', from, ...(to === undefined ? {} : { to }) })),
    arrivals: () => send({ type: 'arrivals' }),
    close: async () => {
      if (client.connected) client.disconnect();
      await ended;
    },
  };
}
