import { setTimeout as sleep } from 'node:timers/promises';
import { formatPosition, type MessageFrame, type Position, parsePosition } from '@chorus/protocol';
import { request } from '../../support/clients/people.js';

interface Page {
  messages: MessageFrame[];
  /** Position of the next page; null at the end. */
  after: string | null;
}

const PAUSE_MS = 250;

/** Reads the history of rooms as a client does, with retries. */
export class HistoryApi {
  /** Number of failed attempts to read a page. */
  failures = 0;

  constructor(
    private readonly url: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Returns every message after a position, oldest first. */
  async after(roomId: number, token: string, after: Position): Promise<MessageFrame[]> {
    const messages: MessageFrame[] = [];
    let from: Position | undefined = after;
    while (from !== undefined) {
      const page: Page = await this.#page(roomId, token, from);
      messages.push(...page.messages);
      from = page.after === null ? undefined : parsePosition(page.after);
    }
    return messages;
  }

  /** Returns the ids of the users in a room. */
  async present(roomId: number, token: string): Promise<number[]> {
    const body = await this.#get(`/ws/get-clients/${roomId}`, token);
    return (body as Array<{ id: number }>).map(({ id }) => id);
  }

  async #page(roomId: number, token: string, after: Position): Promise<Page> {
    const path = `/api/rooms/${roomId}/messages?after=${formatPosition(after)}&limit=100`;
    return (await this.#get(path, token)) as Page;
  }

  async #get(path: string, token: string): Promise<unknown> {
    for (;;) {
      this.signal.throwIfAborted();
      try {
        const { status, body } = await request(`${this.url}${path}`, { token });
        if (status === 200) return body;
        if (status < 500 && status !== 429) throw new TypeError(`${path}: ${status} ${JSON.stringify(body)}`);
      } catch (error) {
        // No server listens at the moment: fetch throws a TypeError that has a cause.
        if (error instanceof TypeError && error.cause === undefined) throw error;
      }
      this.failures++;
      await sleep(PAUSE_MS, undefined, { signal: this.signal });
    }
  }
}
