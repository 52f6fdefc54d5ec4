import type { CloseReason, Member } from '@chorus/protocol';
import type { Connection } from '../connections/connection.js';
import type { Connections, Seat } from '../connections/connections.js';

/** A connection that notes what is done to it. */
export class FakeConnection implements Connection {
  readonly ends: CloseReason[] = [];
  readonly expulsions: Array<[roomId: number, why: string]> = [];
  /** When it was sent away, in milliseconds of `performance.now()`. */
  sentAwayAt: number | undefined;
  afterMs: number | undefined;
  queuedBytes = 0;
  roomIds: number[] = [7];
  tokenId: string | undefined;
  generation: number | undefined;
  expiresAt: number | undefined;

  constructor(
    readonly id: string,
    readonly user: Member,
    readonly address: string,
  ) {}

  close(reason: CloseReason): void {
    this.ends.push(reason);
  }

  sendAway(afterMs: number): void {
    this.sentAwayAt = performance.now();
    this.afterMs = afterMs;
  }

  expel(roomId: number, why: 'banned' | 'disconnected'): void {
    this.expulsions.push([roomId, why]);
  }

  broadcast(): void {}
}

/** Opens a connection of a user, with a token if an id is given. */
export function openFake(
  connections: Connections,
  user: Member,
  tokenId?: string,
): { seat: Seat; connection: FakeConnection } {
  const seat = connections.take('192.0.2.1');
  const token =
    tokenId === undefined
      ? undefined
      : { user, tokenId, generation: 0, startedAt: Date.now(), expiresAt: Date.now() + 3_600_000 };
  seat.claim({ user, token });
  const connection = new FakeConnection(seat.id, user, seat.address);
  connection.tokenId = tokenId;
  connection.generation = token?.generation;
  seat.open(connection);
  return { seat, connection };
}
