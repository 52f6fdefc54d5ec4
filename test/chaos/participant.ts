import type { Member, MessageFrame } from '@chorus/protocol';
import type { ClientEvent } from '../support/resuming-client/client-event.js';
import { DEFAULT_BACKOFF, ResumingClient } from '../support/resuming-client/resuming-client.js';
import type { ClientHistory, HistoryEvent } from './history.js';
import type { HistoryApi } from './history-api.js';
import { same } from './index-history.js';

export interface ParticipantOptions {
  /** Where to connect the next time. */
  url(): string;
  token: string;
  member: Member;
  roomIds: readonly number[];
  api: HistoryApi;
  /** Every message is kept once, however many clients saw the same. */
  messages: Map<string, MessageFrame>;
  random(): number;
}

export const BACKOFF = DEFAULT_BACKOFF;

/** A client that remembers everything, and asks the API for what its gateway could not give it. */
export class Participant implements ClientHistory {
  readonly userId: number;
  readonly username: string;
  readonly roomIds: readonly number[];
  readonly token: string;
  readonly events: HistoryEvent[] = [];
  readonly client: ResumingClient;
  /** False once it has left for good. */
  stays = true;
  /** A fault has it: it is left alone by others. */
  troubled = false;
  /** Gaps that the API was asked for and has not answered yet. */
  asking = 0;
  readonly #options: ParticipantOptions;

  constructor(options: ParticipantOptions) {
    const { url, token, member, roomIds, random } = options;
    this.#options = options;
    this.userId = member.id;
    this.username = member.username;
    this.roomIds = roomIds;
    this.token = token;
    const record = (event: ClientEvent): void => this.#record(event);
    this.client = new ResumingClient({ url, token, rooms: roomIds, backoff: BACKOFF, random, record });
  }

  /** Has all that it asked for. */
  get settled(): boolean {
    return this.client.whole && this.client.unanswered === 0 && this.asking === 0;
  }

  leaveForGood(): void {
    this.stays = false;
    this.client.close();
  }

  #record(event: ClientEvent): void {
    if (event.type === 'message') {
      const message = this.#shared(event.message);
      this.events.push({ type: 'message', at: event.at, message });
      return;
    }
    this.events.push(event);
    if (event.type === 'joined' && event.since !== undefined && !event.recovered) {
      const { roomId, since, position } = event;
      this.asking++;
      // It fails only when the run is given up.
      this.#ask(roomId, since, position).catch(() => {});
    }
  }

  async #ask(roomId: number, after: MessageFrame | Position, upTo: Position): Promise<void> {
    const { api, token } = this.#options;
    const found = await api.after(roomId, token, after, upTo);
    const messages = found.map((message) => this.#shared(message));
    this.events.push({ type: 'paged', at: performance.now(), roomId, after, upTo, messages });
    this.asking--;
  }

  #shared(message: MessageFrame): MessageFrame {
    const { messages } = this.#options;
    const first = messages.get(message.id);
    if (first !== undefined && same(first, message)) return first;
    if (first === undefined) messages.set(message.id, message);
    return message;
  }
}

type Position = Extract<HistoryEvent, { type: 'ack' }>['position'];
