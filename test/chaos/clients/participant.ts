import { ChorusApi, type HistorySource } from '@chorus/client';
import { type Member, type MessageFrame, type Position, parsePosition } from '@chorus/protocol';
import type { ClientEvent } from '../history/client-event.js';
import type { ClientHistory, HistoryEvent } from '../history/history.js';
import { same } from '../history/index-history.js';
import { ChaosClient, type ChaosClientOptions } from './chaos-client.js';
import type { ChatClient } from './chat-client.js';
import { PlainClient } from './plain-client.js';

export interface ParticipantOptions {
  /** Returns the address of the next connection. */
  url(): string;
  /** URL of the API. */
  apiUrl: string;
  token: string;
  member: Member;
  roomIds: readonly number[];
  /** Keeps every message once, however many clients received it. */
  messages: Map<string, MessageFrame>;
  random(): number;
  /** Speaks the plain protocol, with or without resuming; undefined: the client of the SDK. */
  plain?: { readonly resumes: boolean };
}

/**
 * An application with its client. Records what was passed to the application, and everything that its client sent,
 * received and read.
 */
export class Participant implements ClientHistory {
  readonly userId: number;
  readonly username: string;
  readonly roomIds: readonly number[];
  readonly events: HistoryEvent[] = [];
  readonly seen: MessageFrame[] = [];
  readonly sent: Array<{ roomId: number; clientMsgId: string; position: Position }> = [];
  readonly gaps: number[] = [];
  readonly client: ChatClient;
  readonly plain: boolean;
  /** Another client of this user, which sends the messages of this one, with equal ids. */
  twin: Participant | undefined;
  /** False once it has left for good. */
  stays = true;
  /** True while a fault uses it: other faults leave it alone. */
  troubled = false;
  readonly #messages: Map<string, MessageFrame>;

  constructor({ url, apiUrl, token, member, roomIds, messages, random, plain }: ParticipantOptions) {
    this.userId = member.id;
    this.username = member.username;
    this.roomIds = roomIds;
    this.#messages = messages;
    this.plain = plain !== undefined;
    const [roomId = 0] = roomIds;
    const told: Pick<ChaosClientOptions, 'record' | 'onSeen' | 'onSent'> = {
      record: (event) => this.#record(event),
      onSeen: (message) => this.seen.push(this.#shared(message)),
      onSent: (roomId, clientMsgId, position) => this.sent.push({ roomId, clientMsgId, position }),
    };
    this.client =
      plain === undefined
        ? new ChaosClient({
            ...{ url, token, roomIds, random, ...told },
            api: this.#watched(new ChorusApi({ url: apiUrl, token })),
            onGap: (roomId) => this.gaps.push(roomId),
          })
        : new PlainClient({ url, token, userId: member.id, roomId, random, ...plain, ...told });
  }

  /** Whether it has everything that it can have. */
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

  /** Records what the client reads in the history. */
  #watched(api: ChorusApi): HistorySource {
    return {
      // The users of a run have tokens and no accounts: only gateways know them.
      me: async () => undefined,
      messages: async (roomId, page) => {
        const answer = await api.messages(roomId, page);
        const after = parsePosition(page.after ?? '') ?? { epoch: 0, seq: 0 };
        const messages = answer.messages.map((message) => this.#shared({ ...message } as MessageFrame));
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
