import { setTimeout as sleep } from 'node:timers/promises';
import type { AccessList, AccessVerdict, RoomSubject, Subject } from '@chorus/control';
import { CLOSE } from '@chorus/protocol';
import type { Closeable, Logger } from '@chorus/service';
import type { ConnectionRegistry } from './connection-registry.js';
import type { ConnectionSlot } from './connection-slot.js';

export interface AccessWatchParts {
  connections: ConnectionRegistry;
  access: AccessList;
  log: Logger;
  /** Interval of the checks that run even if no event is known to be lost, in milliseconds. */
  intervalMs?: number;
  /** Pause before a failed query is retried, in milliseconds. */
  retryMs?: number;
}

/** Subjects per query. */
const AT_ONCE = 500;

/**
 * Checks the open connections against the access list. Revocations and bans arrive as events, but an event is lost if
 * the connection to Redis breaks: after a reconnect, and periodically for safety, every connection is checked.
 */
export class AccessWatch implements Closeable {
  readonly #parts: AccessWatchParts;
  readonly #timer: NodeJS.Timeout;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #rerun = false;

  constructor(parts: AccessWatchParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.checkAll(), parts.intervalMs ?? 60_000);
  }

  /** Checks some connections. */
  check(slots: Iterable<ConnectionSlot>): void {
    this.#checkSome([...slots].flatMap(checksOf)).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#parts.log.error({ err: error }, 'checking connections failed');
    });
  }

  /** Checks every connection. A call during a check starts another one after it. */
  checkAll(): void {
    this.#rerun = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { connections, log } = this.#parts;
    try {
      while (this.#rerun) {
        this.#rerun = false;
        let checks: Check[] = [];
        for (const slot of connections.slots()) {
          checks.push(...checksOf(slot));
          if (checks.length < AT_ONCE) continue;
          await this.#checkBatch(checks);
          checks = [];
        }
        await this.#checkBatch(checks);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) log.error({ err: error }, 'checking the connections failed');
    }
  }

  async #checkSome(checks: readonly Check[]): Promise<void> {
    for (let at = 0; at < checks.length; at += AT_ONCE)
      await this.#checkBatch(checks.slice(at, at + AT_ONCE));
  }

  async #checkBatch(checks: readonly Check[]): Promise<void> {
    await this.#checkUsers(checks.filter(({ subject }) => subject.roomId === undefined));
    await this.#checkMembers(checks.flatMap(({ slot, subject }) => inRoom(slot, subject)));
  }

  async #checkUsers(users: readonly Check[]): Promise<void> {
    if (users.length === 0) return;
    const { access } = this.#parts;
    const verdicts = await this.#answer(() => access.check(users.map(({ subject }) => subject)));
    for (const [at, { slot, subject }] of users.entries()) apply(verdicts[at] ?? 'ok', slot, subject);
  }

  async #checkMembers(members: ReadonlyArray<Check & { readonly subject: RoomSubject }>): Promise<void> {
    if (members.length === 0) return;
    const { access } = this.#parts;
    const found = await this.#answer(() => access.checkRooms(members.map(({ subject }) => subject)));
    for (const [at, { slot, subject }] of members.entries()) {
      const { verdict = 'ok', membership } = found[at] ?? {};
      apply(verdict, slot, subject);
      // An entry that removed the user is lost if Redis lost it before it was archived.
      if (membership?.role === 'none') {
        slot.act((connection) => connection.removeFromRoom(subject.roomId, 'removed'));
      }
    }
  }

  /** Queries the access list, and retries until it answers. */
  async #answer<T>(query: () => Promise<T>): Promise<T> {
    const { log, retryMs = 1_000 } = this.#parts;
    for (;;) {
      this.#closing.signal.throwIfAborted();
      try {
        return await query();
      } catch (error) {
        log.debug({ error: String(error) }, 'the access list could not be read');
        await sleep(retryMs, undefined, { signal: this.#closing.signal });
      }
    }
  }
}

interface Check {
  readonly slot: ConnectionSlot;
  readonly subject: Subject;
}

function inRoom(slot: ConnectionSlot, subject: Subject): Array<Check & { readonly subject: RoomSubject }> {
  const { roomId } = subject;
  return roomId === undefined ? [] : [{ slot, subject: { ...subject, roomId } }];
}

/** One subject for each room of the connection; the user alone if it is in no room. */
function checksOf(slot: ConnectionSlot): Check[] {
  const { user, tokenId, generation } = slot;
  if (user === undefined || slot.ending) return [];
  const rooms: Array<number | undefined> = [...slot.roomIds];
  if (rooms.length === 0) rooms.push(undefined);
  return rooms.map((roomId) => ({ slot, subject: { userId: user.id, tokenId, generation, roomId } }));
}

function apply(verdict: AccessVerdict, slot: ConnectionSlot, { tokenId, roomId }: Subject): void {
  switch (verdict) {
    case 'ok':
      break;
    case 'revoked':
      // The connection may have a newer token by now.
      if (slot.tokenId === tokenId) slot.end(CLOSE.unauthenticated);
      break;
    case 'banned':
      slot.end(CLOSE.disconnected);
      break;
    case 'banned-from-room':
      if (roomId !== undefined) slot.act((connection) => connection.removeFromRoom(roomId, 'banned'));
      break;
    default:
      verdict satisfies never;
  }
}
