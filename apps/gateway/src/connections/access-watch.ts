import { setTimeout as sleep } from 'node:timers/promises';
import type { AccessList, Subject, Verdict } from '@chorus/control';
import { CLOSE } from '@chorus/protocol';
import type { Closeable, Logger } from '@chorus/service';
import type { ConnectionRegistry } from './connection-registry.js';
import type { ConnectionSlot } from './connection-slot.js';

export interface AccessWatchParts {
  connections: ConnectionRegistry;
  access: AccessList;
  log: Logger;
  /** How often everybody is looked at although no event is known to be lost, in milliseconds. */
  intervalMs?: number;
  /** Pause before a question that failed is asked again, in milliseconds. */
  retryMs?: number;
}

/** Subjects of one question. */
const AT_ONCE = 500;

/**
 * Asks whether those who are here may stay. Events say so at once, but an event can be lost with the connection to
 * Redis: then, and now and then for safety, everybody is looked at.
 */
export class AccessWatch implements Closeable {
  readonly #parts: AccessWatchParts;
  readonly #timer: NodeJS.Timeout;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #again = false;

  constructor(parts: AccessWatchParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.checkAll(), parts.intervalMs ?? 60_000);
  }

  /** Looks at everybody. While that is under way it is started over when it is done. */
  checkAll(): void {
    this.#again = true;
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
      while (this.#again) {
        this.#again = false;
        let asked: Asked[] = [];
        for (const slot of connections.slots()) {
          asked.push(...questionsAbout(slot));
          if (asked.length < AT_ONCE) continue;
          await this.#ask(asked);
          asked = [];
        }
        await this.#ask(asked);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) log.error({ err: error }, 'looking at who may stay failed');
    }
  }

  async #ask(asked: readonly Asked[]): Promise<void> {
    if (asked.length === 0) return;
    const verdicts = await this.#answered(asked.map(({ subject }) => subject));
    for (const [at, { slot, subject }] of asked.entries()) {
      apply(verdicts[at] ?? 'ok', slot, subject);
    }
  }

  /** Goes on asking until there is an answer. */
  async #answered(subjects: readonly Subject[]): Promise<Verdict[]> {
    const { access, log, retryMs = 1_000 } = this.#parts;
    for (;;) {
      this.#closing.signal.throwIfAborted();
      try {
        return await access.check(subjects);
      } catch (error) {
        log.debug({ error: String(error) }, 'the access list does not answer');
        await sleep(retryMs, undefined, { signal: this.#closing.signal });
      }
    }
  }
}

interface Asked {
  readonly slot: ConnectionSlot;
  readonly subject: Subject;
}

/** About each room that it is in; about the user alone when it is in none. */
function questionsAbout(slot: ConnectionSlot): Asked[] {
  const { user, tokenId, generation } = slot;
  if (user === undefined || slot.ending) return [];
  const rooms: Array<number | undefined> = [...slot.roomIds];
  if (rooms.length === 0) rooms.push(undefined);
  return rooms.map((roomId) => ({ slot, subject: { userId: user.id, tokenId, generation, roomId } }));
}

function apply(verdict: Verdict, slot: ConnectionSlot, { tokenId, roomId }: Subject): void {
  switch (verdict) {
    case 'ok':
      break;
    case 'revoked':
      // Unless it has a newer one by now.
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
