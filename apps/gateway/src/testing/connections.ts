import type { CloseReason, Member } from '@chorus/protocol';
import type { ManualClock } from '@chorus/testing';
import type { Connection, RemovalCause } from '../connections/connection.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ConnectionSlot } from '../connections/connection-slot.js';
import type { ReconnectClock } from '../connections/request-reconnect.js';

/** A connection that records the calls of its methods. */
export class FakeConnection implements Connection {
  readonly ends: CloseReason[] = [];
  readonly expulsions: Array<[roomId: number, why: string]> = [];
  /** Time of the reconnect request, in milliseconds of `performance.now()`. */
  reconnectRequestedAt: number | undefined;
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

  requestReconnect(afterMs: number): void {
    this.reconnectRequestedAt = performance.now();
    this.afterMs = afterMs;
  }

  removeFromRoom(roomId: number, why: RemovalCause): void {
    this.expulsions.push([roomId, why]);
  }

  broadcast(): void {}
}

/** Opens a connection of a user, with a token if an id is given. */
export function openFake(
  connections: ConnectionRegistry,
  user: Member,
  tokenId?: string,
): { slot: ConnectionSlot; connection: FakeConnection } {
  const slot = connections.take('192.0.2.1');
  const token =
    tokenId === undefined
      ? undefined
      : { user, tokenId, generation: 0, startedAt: Date.now(), expiresAt: Date.now() + 3_600_000 };
  slot.claim({ user, token });
  const connection = new FakeConnection(slot.id, user, slot.address);
  connection.tokenId = tokenId;
  connection.generation = token?.generation;
  slot.open(connection);
  return { slot, connection };
}

/** Source of time for reconnect requests that moves only when a test moves it. */
export function manualReconnectClock(clock: ManualClock): ReconnectClock {
  return {
    now: () => clock.now(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => {
          cancel();
          reject(signal.reason);
        };
        const cancel = clock.after(ms, () => {
          signal.removeEventListener('abort', abort);
          resolve();
        });
        signal.addEventListener('abort', abort);
      }),
  };
}
