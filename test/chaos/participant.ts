import { ChorusApi, type HistorySource } from '@chorus/client';
import { type Member, type MessageFrame, type Position, parsePosition } from '@chorus/protocol';
import { ChaosClient } from './chaos-client.js';
import type { ClientEvent } from './client-event.js';
import type { ClientHistory, HistoryEvent } from './history.js';
import { same } from './index-history.js';

export interface ParticipantOptions {
  /** Where to connect the next time. */
  url(): string;
  /** Of the API. */
  apiUrl: string;
  token: string;
  member: Member;
  roomIds: readonly number[];
  /** Every message is kept once, however many clients saw the same. */
  messages: Map<string, MessageFrame>;
  random(): number;
}

/** An application with its client: it remembers what it was told, and everything that its client sent, received and read. */
export class Participant implements ClientHistory {
  readonly userId: number;
  readonly username: string;
  readonly roomIds: readonly number[];
  readonly events: HistoryEvent[] = [];
  readonly seen: MessageFrame[] = [];
  readonly sent: Array<{ roomId: number; clientMsgId: string; position: Position }> = [];
  readonly gaps: number[] = [];
  readonly client: ChaosClient;
  /** False once it has left for good. */
  stays = true;
  /** A fault has it: it is left alone by others. */
  troubled = false;
  readonly #messages: Map<string, MessageFrame>;

  constructor({ url, apiUrl, token, member, roomIds, messages, random }: ParticipantOptions) {
    this.userId = member.id;
    this.username = member.username;
    this.roomIds = roomIds;
    this.#messages = messages;
    this.client = new ChaosClient({
      ...{ url, token, roomIds, random },
      api: this.#watched(new ChorusApi({ url: apiUrl, token })),
      record: (event) => this.#record(event),
      onSeen: (message) => this.seen.push(this.#shared(message)),
      onGap: (roomId) => this.gaps.push(roomId),
      onSent: (roomId, clientMsgId, position) => this.sent.push({ roomId, clientMsgId, position }),
    });
  }

  /** Has all that there is for it. */
  get settled(): boolean {
    return this.client.whole && this.client.unanswered === 0;
  }

  leaveForGood(): void {
    this.stays = false;
    this.client.close();
  }

  #record(event: ClientEvent): void {
    if (event.type === 'message') {
      this.events.push({ type: 'message', at: event.at, message: this.#shared(event.message) });
    } else this.events.push(event);
  }

  /** Remembers what the client reads in the history. */
  #watched(api: ChorusApi): HistorySource {
    return {
      // The users of a run have tokens and no accounts: only gateways know them.
      me: async () => undefined,
      messages: async (roomId, page) => {
        const answer = await api.messages(roomId, page);
        const after = parsePosition(page.after ?? '') ?? { epoch: 0, seq: 0 };
        const messages = answer.messages.map((message) => this.#shared({ ...message }));
        this.events.push({ type: 'paged', at: performance.now(), roomId, after, messages });
        return answer;
      },
    };
  }

  #shared(message: MessageFrame): MessageFrame {
    const first = this.#messages.get(message.id);
    if (first !== undefined && same(first, message)) return first;
    if (first === undefined) this.#messages.set(message.id, message);
    return message;
  }
}
