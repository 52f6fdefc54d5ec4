import { CLOSE, ERRORS, type ErrorCode, SUBPROTOCOL } from '@chorus/protocol';
import type { RefusalReason } from '../transport/refusal.js';
import { REFUSAL_REASONS } from '../transport/refusal.js';

/** The protocol of a socket, as metrics name it: its subprotocol, or `seed` for the plain protocol. */
export type Dialect = 'seed' | typeof SUBPROTOCOL;

/** Close codes that are counted by themselves: ours, and 1005 for clients that gave none. */
const CLOSE_CODES = [...Object.values(CLOSE).map(({ code }) => code), 1005];

/**
 * What a gateway counts on its way, in plain numbers: an increment each, whether or not somebody ever asks. Those that
 * only grow count from the start of the process.
 */
export class GatewayCounters {
  readonly open: Record<Dialect, number> = { seed: 0, [SUBPROTOCOL]: 0 };
  readonly opened: Record<Dialect, number> = { seed: 0, [SUBPROTOCOL]: 0 };
  /** By close code, or `other`. */
  readonly closed: Record<string, number> = zeros([...CLOSE_CODES.map(String), 'other']);
  readonly upgradesRefused: Record<RefusalReason, number> = zeros(REFUSAL_REASONS);
  joins = 0;
  leaves = 0;
  messagesIn = 0;
  /** Deliveries to sockets, without those to returning clients of what they missed. */
  messagesOut = 0;
  /** Messages that were numbered and stored. */
  acks = 0;
  readonly messagesRefused: Record<ErrorCode, number> = zeros(Object.keys(ERRORS) as ErrorCode[]);
  bytesIn = 0;
  bytesOut = 0;
  /** Sockets that were cut off because they read too slowly. */
  slowReaders = 0;

  socketOpened(subprotocol: string | undefined): void {
    const dialect = dialectOf(subprotocol);
    this.open[dialect]++;
    this.opened[dialect]++;
  }

  socketClosed(subprotocol: string | undefined, code: number): void {
    this.open[dialectOf(subprotocol)]--;
    const name = code in this.closed ? String(code) : 'other';
    this.closed[name] = (this.closed[name] ?? 0) + 1;
  }
}

function dialectOf(subprotocol: string | undefined): Dialect {
  return subprotocol === SUBPROTOCOL ? SUBPROTOCOL : 'seed';
}

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}
