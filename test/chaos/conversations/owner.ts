import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '@chorus/testing';
import type { MembershipChange } from '../history/conversation.js';
import { ask, type Caller } from './ask.js';
import type { Draft } from './draft.js';

/** Who comes and goes in one room. */
export interface OwnerOptions {
  readonly caller: Caller;
  readonly room: Draft;
  readonly movers: ReadonlyArray<{ readonly id: number; readonly token: string }>;
  readonly prng: Prng;
  /** Called right after a request was sent. */
  onRequest(): void;
}

const PAUSE_MS = [50, 1_200] as const;
const RETRY_MS = 200;
/** Share of removals that are the member's own. */
const LEAVING = 0.3;

/** Adds and removes members, one change after the other, until the signal aborts. Each change is repeated until it is known to be done. */
export class Owner {
  readonly #members = new Set<number>();
  #ending = false;
  #done: Promise<void> | undefined;

  constructor(private readonly options: OwnerOptions) {}

  start(): void {
    this.#done = this.#work();
    // A run that is interrupted asks for no result.
    this.#done.catch(() => {});
  }

  /** Resolves when the last change is done. */
  async stop(): Promise<void> {
    this.#ending = true;
    await this.#done;
  }

  has(userId: number): boolean {
    return this.#members.has(userId);
  }

  async #work(): Promise<void> {
    const { movers, prng, caller } = this.options;
    while (!this.#ending) {
      await sleep(prng.between(...PAUSE_MS), undefined, { signal: caller.signal });
      const mover = prng.pick(movers);
      await (this.#members.has(mover.id) ? this.#remove(mover) : this.#add(mover));
    }
  }

  async #add({ id, token }: { id: number; token: string }): Promise<void> {
    // In a public room users follow it themselves.
    const by = this.options.room.kind === 'public' ? token : undefined;
    await this.#change({ type: 'add', userId: id, startedAt: performance.now(), doneAt: undefined }, by);
    this.#members.add(id);
  }

  async #remove({ id, token }: { id: number; token: string }): Promise<void> {
    const by = this.options.prng.next() < LEAVING ? token : undefined;
    await this.#change({ type: 'remove', userId: id, startedAt: performance.now(), doneAt: undefined }, by);
    this.#members.delete(id);
  }

  async #change(change: MembershipChange, token = this.options.caller.token): Promise<void> {
    const { caller, room, onRequest } = this.options;
    room.memberships.push(change);
    const path = `/api/rooms/${room.roomId}/members/${change.userId}`;
    const [method, body] = change.type === 'add' ? ['PUT', {}] : ['DELETE', undefined];
    for (;;) {
      const asking = ask({ ...caller, token }, method as string, path, body as object | undefined);
      onRequest();
      const { status } = await asking;
      if (status >= 200 && status < 300) {
        change.doneAt = performance.now();
        return;
      }
      // An earlier attempt has removed the member; a user who left is told nothing of a private room, and may not leave a public one.
      const isGone = status === 404 || (status === 403 && token !== caller.token);
      if (isGone && change.type === 'remove') return;
      if (status !== 0 && status !== 429 && status < 500) {
        throw new Error(`${method} ${path}: ${status}`);
      }
      await sleep(RETRY_MS, undefined, { signal: caller.signal });
    }
  }
}
