import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Caller } from '../conversations/ask.js';
import type { PulledEvent, ReceivedEvent } from '../history/events.js';

const WAIT_SECONDS = 2;
const LIMIT = 500;
const PAUSE_MS = 200;

/** A program that reads the log of events, page after page, from its beginning. */
export class EventReader {
  readonly pulled: PulledEvent[] = [];
  #position = 0;

  constructor(private readonly caller: Caller) {}

  /** Position after which the next page begins. */
  get position(): number {
    return this.#position;
  }

  /** Reads until the caller's signal aborts. @throws when the log refuses to be read */
  async run(): Promise<void> {
    const { signal } = this.caller;
    while (!signal.aborted) await this.#page().catch((error) => this.#unlessAborted(error));
  }

  async #page(): Promise<void> {
    const path = `/api/events?after=${this.#position}&wait=${WAIT_SECONDS}&limit=${LIMIT}`;
    const { status, body } = await ask(this.caller, 'GET', path);
    const { signal } = this.caller;
    if (status !== 200) {
      if (status >= 400 && status < 500 && status !== 429) throw new Error(`GET ${path}: ${status}`);
      await sleep(PAUSE_MS, undefined, { signal });
      return;
    }
    const page = body as { events: ReceivedEvent[]; next: string };
    const at = Date.now();
    for (const event of page.events) this.pulled.push({ at, event });
    this.#position = Number(page.next);
  }

  #unlessAborted(error: unknown): void {
    if (!this.caller.signal.aborted) throw error;
  }
}
