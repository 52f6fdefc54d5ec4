import {
  CLOSE,
  ERROR_CODES,
  type ErrorCode,
  type HttpErrorCode,
  SUBPROTOCOL,
  UPGRADE_ERROR_CODES,
} from '@chorus/protocol';

/** A socket's protocol as a label of metrics: its subprotocol, or `plain` without one. */
export type SocketProtocol = 'plain' | typeof SUBPROTOCOL;

/** Close codes that are counted separately: those of the catalogue, and 1005 for clients that send no code. */
const CLOSE_CODES = [...Object.values(CLOSE).map(({ code }) => code), 1005];

/**
 * Counters of a gateway, as plain numbers: counting costs one increment, whether or not metrics are collected. Totals count
 * from the start of the process.
 */
export class GatewayCounters {
  readonly open: Record<SocketProtocol, number> = { plain: 0, [SUBPROTOCOL]: 0 };
  readonly opened: Record<SocketProtocol, number> = { plain: 0, [SUBPROTOCOL]: 0 };
  /** By close code, or `other`. */
  readonly closed: Record<string, number> = zeros([...CLOSE_CODES.map(String), 'other']);
  readonly upgradesRefused: Partial<Record<HttpErrorCode, number>> = zeros(UPGRADE_ERROR_CODES);
  joins = 0;
  leaves = 0;
  messagesIn = 0;
  /** Deliveries of live messages to sockets, without replayed ones. */
  messagesOut = 0;
  /** Messages numbered and stored by Redis. */
  acks = 0;
  readonly messagesRefused: Record<ErrorCode, number> = zeros(ERROR_CODES);
  bytesIn = 0;
  bytesOut = 0;
  /** Sockets closed because the client read too slowly. */
  slowReaders = 0;

  upgradeRefused(code: HttpErrorCode): void {
    this.upgradesRefused[code] = (this.upgradesRefused[code] ?? 0) + 1;
  }

  socketOpened(subprotocol: string | undefined): void {
    const dialect = protocolOf(subprotocol);
    this.open[dialect]++;
    this.opened[dialect]++;
  }

  socketClosed(subprotocol: string | undefined, code: number): void {
    this.open[protocolOf(subprotocol)]--;
    const name = code in this.closed ? String(code) : 'other';
    this.closed[name] = (this.closed[name] ?? 0) + 1;
  }
}

function protocolOf(subprotocol: string | undefined): SocketProtocol {
  return subprotocol === SUBPROTOCOL ? SUBPROTOCOL : 'plain';
}

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}
