import { type Broker, idempotencyKey, type Position, RoomNotFoundError } from '@chorus/broker';
import type { MembershipList } from '@chorus/control';
import type { BeforePublish, Draft, MessageText } from '@chorus/hook';
import {
  type ChangeParts,
  type CurrentMessage,
  checkChange,
  checkParts,
  checkReaction,
  checkReactions,
  checkText,
  encodeChange,
  type Member,
  type Mention,
  type MessageData,
  type MessageLimits,
  type MessageRefusal,
  messageEncoder,
  Refusal,
  type RoomUser,
} from '@chorus/protocol';
import { unavailable } from '../http/unavailable.js';
import type { ApiKey } from '../keys/api-key.js';
import type { HistoryRoom } from '../rooms/retention.js';
import type { MessageHistory } from './history/message-history.js';
import type { KeyRates } from './sending/key-rates.js';
import type { UserRates } from './sending/user-rates.js';

/** A user who may send to a room. */
export interface Sender {
  readonly user: Member;
  /** API key that acts as the user; undefined for a user with a token. */
  readonly apiKey: ApiKey | undefined;
  readonly roomId: number;
  readonly room: RoomUser;
  /** `Idempotency-Key` of the request; undefined without one. */
  readonly key: string | undefined;
  /** Seconds between two messages of the user; 0 for no slow mode. */
  readonly slowModeSeconds: number;
}

/** A sender who changes messages of the room. */
export interface ReadingSender extends Sender {
  readonly room: RoomUser & HistoryRoom;
}

export interface NewMessage {
  readonly content: string;
  readonly data?: MessageData | undefined;
  readonly replyTo?: Position | undefined;
  readonly mentions?: readonly Mention[] | undefined;
}

/** A change that a user wants to make to a message. */
export type WantedChange =
  | {
      readonly type: 'edit';
      readonly content: string;
      readonly data?: MessageData | undefined;
      readonly mentions?: Mention[] | undefined;
    }
  | { readonly type: 'append'; readonly text: string }
  | { readonly type: 'delete' }
  | { readonly type: 'react' | 'unreact'; readonly reaction: string };

/** Publishes entries, and returns what gateways know of rooms. */
export interface MessagePublisher extends Pick<Broker, 'publish' | 'publishedWith' | 'standing' | 'stored'> {}

export interface MessageServiceParts {
  readonly publisher: Pick<MessagePublisher, 'publish' | 'publishedWith'>;
  readonly history: MessageHistory;
  readonly memberships: Pick<MembershipList, 'takeTurn'>;
  readonly limits: MessageLimits;
  /** Checks a sender once more, who may have waited since. @throws {Refusal} {UnavailableError} */
  recheck(sender: Sender, action: 'send' | 'changeOwn'): Promise<void>;
  /** Undefined: there is no before-publish hook. */
  readonly hook: Pick<BeforePublish, 'submit' | 'inTurn'> | undefined;
  readonly rates: UserRates;
  readonly keyRates: KeyRates;
  /** Returns an id that no other message of the cluster has. */
  nextId(): string;
}

/** Sends messages and changes of messages, as gateways do; also for messages that are older than the recent history. */
export class MessageService {
  constructor(private readonly parts: MessageServiceParts) {}

  /** @returns the position of the message @throws {Refusal} */
  async send(sender: Sender, message: NewMessage): Promise<Position> {
    this.take(sender);
    return this.sendAdmitted(sender, message);
  }

  /**
   * Sends a message for which the budget was taken. Messages of a sender to a room that are passed in one tick are published in this order.
   * @returns the position of the message @throws {Refusal}
   */
  async sendAdmitted(sender: Sender, message: NewMessage): Promise<Position> {
    const { limits, nextId } = this.parts;
    refuse(checkParts(message, limits, sender.room));
    await this.#takeTurn(sender);
    const encode = messageEncoder(sender.roomId, sender.user);
    const id = nextId();
    const publish = ({ content, data }: MessageText): Promise<Position> => {
      const start = { id, sentAt: Date.now(), clientMsgId: sender.key };
      return this.#publish(sender, encode({ ...message, content, data, ...start }));
    };
    return this.#throughHook(sender, { ...message, type: 'send', id }, publish, (text) =>
      checkParts({ ...message, ...text }, limits, sender.room),
    );
  }

  /** @returns the position of the change @throws {Refusal} */
  async change(sender: ReadingSender, at: Position, change: WantedChange): Promise<Position> {
    this.take(sender);
    refuse(checkWanted(change, this.parts.limits, sender.room));
    const { user, room, roomId, key } = sender;
    const target = await this.parts.history.at(room, at);
    if (target === undefined || target.deleted !== undefined) {
      const made = key === undefined ? undefined : await this.#publishedWith(sender, key);
      if (made !== undefined) return made;
      throw new Refusal(target === undefined ? 'message_not_found' : 'message_deleted');
    }
    refuse(checkChange(change.type, room, target.userId === user.id));
    if (change.type === 'append') refuse(this.#checkAppend(target, change.text));
    if (change.type === 'react') {
      const present = new Set(target.reactions.map(({ reaction }) => reaction));
      refuse(checkReactions(change.reaction, present, this.parts.limits));
    }
    const id = this.parts.nextId();
    const publish = (made: WantedChange): Promise<Position> => {
      const start = { id, sentAt: Date.now(), clientMsgId: key };
      return this.#publish(sender, encodeChange(roomId, user, partsOf(made, target, start)));
    };
    const about = { id, target: at };
    switch (change.type) {
      case 'edit':
        return this.#throughHook(
          sender,
          { ...change, ...about },
          ({ content, data }) => publish({ ...change, content, data }),
          (text) => checkParts({ ...change, ...text }, this.parts.limits, room),
        );
      case 'append':
        return this.#throughHook(
          sender,
          { type: 'append', content: change.text, ...about },
          ({ content: text }) => publish({ ...change, text }),
          ({ content }) => this.#checkAppend(target, content),
        );
      case 'delete':
      case 'react':
      case 'unreact':
        return this.parts.hook?.inTurn(roomId, user.id, () => publish(change)) ?? publish(change);
      default:
        return change satisfies never;
    }
  }

  /** Uses up the budget of the API key, or else of the user. @throws {Refusal} 429 */
  take({ user, apiKey }: Pick<Sender, 'user' | 'apiKey'>, count = 1): void {
    const { rates, keyRates } = this.parts;
    const now = performance.now();
    if (apiKey !== undefined) refuseFor(keyRates.take(apiKey, count, now));
    else if (!rates.take(user.id, now)) refuseFor(1_000);
  }

  /** Waits for no one: a user who sends too early is refused. */
  async #takeTurn({ user, roomId, key, slowModeSeconds }: Sender): Promise<void> {
    if (slowModeSeconds === 0) return;
    const { memberships, nextId } = this.parts;
    const messageId = key === undefined ? nextId() : `id:${key}`;
    const waitMs = await memberships.takeTurn(user.id, roomId, slowModeSeconds, messageId);
    const seconds = Math.ceil(waitMs / 1_000);
    if (seconds > 0) throw new Refusal('slow_mode', seconds).with({ 'Retry-After': String(seconds) });
  }

  /**
   * Publishes a text, if there is a hook, as the hook decides.
   * @param check checks a text that the hook has changed @throws {Refusal}
   */
  async #throughHook(
    sender: Sender,
    draft: Omit<Draft, 'roomId' | 'user'>,
    publish: (text: MessageText) => Promise<Position>,
    check: (text: MessageText) => MessageRefusal | undefined,
  ): Promise<Position> {
    const { hook, recheck } = this.parts;
    if (hook === undefined) return publish(draft);
    const { roomId, user, key } = sender;
    const published = await hook.submit({
      draft: { ...draft, roomId, user },
      key: key === undefined ? undefined : idempotencyKey(user.id, key),
      ...{ check, publish },
      recheck: () => recheck(sender, draft.type === 'send' ? 'send' : 'changeOwn'),
    });
    if (published instanceof Refusal) throw published;
    return published;
  }

  #checkAppend({ content }: CurrentMessage, text: string): MessageRefusal | undefined {
    return checkText(text, content.length + text.length, this.parts.limits);
  }

  async #publish({ roomId, user, key }: Sender, body: string): Promise<Position> {
    try {
      const idempotency = key === undefined ? undefined : idempotencyKey(user.id, key);
      const { epoch, seq } = await this.parts.publisher.publish(roomId, body, idempotency);
      return { epoch, seq };
    } catch (error) {
      // The room was deleted a moment ago, or gateways do not know it yet.
      throw error instanceof RoomNotFoundError ? unavailable(error) : error;
    }
  }

  #publishedWith({ roomId, user }: Sender, key: string): Promise<Position | undefined> {
    return this.parts.publisher.publishedWith(roomId, idempotencyKey(user.id, key));
  }
}

/** @param waitMs time until the budget allows more, in milliseconds @throws {Refusal} 429 */
function refuseFor(waitMs: number): void {
  if (waitMs <= 0) return;
  throw new Refusal('too_many_requests').with({ 'Retry-After': String(Math.ceil(waitMs / 1_000)) });
}

function refuse(problem: MessageRefusal | undefined): void {
  if (problem !== undefined) throw problem;
}

function checkWanted(
  change: WantedChange,
  limits: MessageLimits,
  room: RoomUser,
): MessageRefusal | undefined {
  switch (change.type) {
    case 'edit':
      return checkParts(change, limits, room);
    case 'append':
      return checkText(change.text, change.text.length, limits);
    case 'react':
    case 'unreact':
      return checkReaction(change.reaction, limits);
    case 'delete':
      return undefined;
    default:
      return change satisfies never;
  }
}

function partsOf(
  change: WantedChange,
  message: CurrentMessage,
  start: Pick<ChangeParts, 'id' | 'sentAt' | 'clientMsgId'>,
): ChangeParts {
  const target = { epoch: message.epoch, seq: message.seq };
  switch (change.type) {
    case 'edit': {
      const { content, data, mentions } = change;
      return { change: 'edited', target, content, data, mentions, ...start };
    }
    case 'append':
      return { change: 'appended', target, text: change.text, ...start };
    case 'react':
      return { change: 'reacted', target, reaction: change.reaction, ...start };
    case 'unreact':
      return { change: 'unreacted', target, reaction: change.reaction, ...start };
    case 'delete': {
      const author = { id: message.userId, username: message.username };
      const { n = message.seq, sentAt: originalSentAt } = message;
      return { change: 'deleted', target, author, n, originalSentAt, ...start };
    }
    default:
      return change satisfies never;
  }
}
