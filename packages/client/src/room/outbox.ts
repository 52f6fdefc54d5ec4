import { isAfter, type Position } from '@chorus/protocol/constants';
import { asChorusError, ChorusError } from '../chorus-error.js';
import type { Delivery, DeliveryState, SentMessage } from '../types.js';
import { ageOf, type Moment, moment } from './moment.js';
import type { ChangeOptions, MessageOperation, SendOptions } from './room.js';

/** A message of the application, from `send` until it is stored or discarded; or a change, until it is answered. */
interface Draft {
  readonly clientMsgId: string;
  /** Empty for a change. */
  readonly content: string;
  /** Fields of the frame. */
  readonly frame: OutboxFrame;
  readonly fallback: ((clientMsgId: string, refusal: ChorusError) => Promise<void>) | undefined;
  state: DeliveryState;
  position: Position | undefined;
  error: ChorusError | undefined;
  /** When it was last sent. */
  sent: Moment | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  resolve(sent: SentMessage): void;
  reject(error: ChorusError): void;
}

/** A frame without the id of the room and its own id. */
export type OutboxFrame =
  | MessageOperation
  | ({ readonly type: 'publish'; readonly content: string } & ContentParts);

type ContentParts = Pick<SendOptions, 'mentions' | 'data' | 'replyTo'>;

export interface OutboxOptions {
  readonly roomId: number;
  /** Schedules sending; {@link Outbox.current} then returns the message to send. */
  send(): void;
  onChange(delivery: Delivery): void;
  /** A change failed in its second way, too. */
  onFailed(clientMsgId: string, error: ChorusError): void;
  nextMessageId(): string;
}

/** Largest number of sent or failed messages that are kept. */
const MOST_KEPT = 1_000;
/** Gateways recognise a repeated id for five minutes. */
const SAFE_TO_REPEAT_MS = 4 * 60_000;
const NOWHERE: Position = { epoch: 0, seq: 0 };
const MESSAGE_ID = /^[\w.:-]{1,64}$/;

/**
 * The application's messages of one room, in order, until they are stored. Only one message is in flight at a time:
 * with more, a refusal of the first would change the order.
 *
 * After a reconnect an unacknowledged message is sent again only once the room has caught up: if it had arrived, the
 * client has received it by then. So gateways need to remember an id only from the join to the retry, not for the
 * whole absence.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #drafts = new Map<string, Draft>();
  readonly #queue: Draft[] = [];
  #current: Draft | undefined;
  #deliveries: readonly Delivery[] | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get deliveries(): readonly Delivery[] {
    this.#deliveries ??= [...this.#drafts.values()].filter(isMessage).map(deliveryOf);
    return this.#deliveries;
  }

  /** Whether there are acknowledged messages that are not known to be stored. */
  get awaitsStored(): boolean {
    for (const { state } of this.#drafts.values()) if (state === 'sent') return true;
    return false;
  }

  add(
    frame: OutboxFrame,
    { timeoutMs, clientMsgId = this.#options.nextMessageId() }: ChangeOptions,
    fallback?: Draft['fallback'],
  ): Promise<SentMessage> {
    const sent = new Promise<SentMessage>((resolve, reject) => {
      if (!MESSAGE_ID.test(clientMsgId) || this.#drafts.has(clientMsgId)) {
        throw new ChorusError('bad_request', `clientMsgId ${clientMsgId} is not valid, or taken`);
      }
      const draft: Draft = {
        ...{ clientMsgId, frame, fallback, content: frame.type === 'publish' ? frame.content : '' },
        ...{ state: 'queued', position: undefined, error: undefined },
        ...{ sent: undefined, timer: undefined, resolve, reject },
      };
      if (timeoutMs !== undefined) {
        draft.timer = setTimeout(
          () => this.#fail(draft, new ChorusError('timeout', 'not acknowledged', true)),
          timeoutMs,
        );
      }
      this.#drafts.set(clientMsgId, draft);
      this.#queue.push(draft);
      this.#changed(draft);
      this.#options.send();
    });
    // A caller that ignores the promise sees the failure in `deliveries`.
    sent.catch(() => {});
    return sent;
  }

  retry(clientMsgId: string): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft?.state !== 'failed') return;
    draft.error = undefined;
    this.#queue.push(draft);
    this.#become(draft, 'queued');
    this.#options.send();
  }

  discard(clientMsgId: string): void {
    if (this.#drafts.get(clientMsgId)?.state !== 'failed') return;
    this.#drafts.delete(clientMsgId);
    this.#deliveries = undefined;
  }

  /**
   * Returns the next message to send and marks it as in flight; undefined if one is in flight already, or none waits.
   */
  next(): Pick<Draft, 'clientMsgId' | 'frame'> | undefined {
    if (this.#current !== undefined) return undefined;
    const draft = this.#queue.shift();
    if (draft === undefined) return undefined;
    this.#current = draft;
    draft.sent = moment();
    this.#become(draft, 'sending');
    return draft;
  }

  /** The message was acknowledged, or seen in the room. Idempotent. */
  acked(clientMsgId: string, position: Position): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft === undefined || draft.state === 'sent') return;
    this.#take(draft);
    draft.position = position;
    draft.error = undefined;
    this.#become(draft, 'sent');
    this.#trim(draft);
    draft.resolve({ roomId: this.#options.roomId, clientMsgId, content: draft.content, position });
    this.#options.send();
  }

  /** The gateway refused the message. @returns whether to send it again */
  refused(clientMsgId: string, error: ChorusError): boolean {
    const draft = this.#drafts.get(clientMsgId);
    if (draft?.state !== 'sending') return false;
    if (draft.fallback !== undefined && /^(message_not_recent|bad_frame)$/.test(error.code)) {
      // Stays in flight: later changes of the message must not overtake it.
      draft.fallback(clientMsgId, error).then(
        () => this.acked(clientMsgId, NOWHERE),
        (cause: unknown) => this.#options.onFailed(clientMsgId, asChorusError(cause)),
      );
      return false;
    }
    if (error.retry) this.interrupted();
    else this.#fail(draft, error);
    return error.retry;
  }

  /** The message in flight will not be answered and waits to be sent again. */
  interrupted(): void {
    const draft = this.#current;
    if (draft === undefined) return;
    this.#current = undefined;
    this.#queue.unshift(draft);
    this.#become(draft, 'queued');
  }

  /** Messages of the room were missed: for messages sent too long ago it is unknown whether they arrived. */
  messagesMissed(): void {
    for (const draft of [...this.#queue]) {
      if (draft.sent !== undefined && ageOf(draft.sent) > SAFE_TO_REPEAT_MS) {
        this.#fail(draft, new ChorusError('timeout', 'not known to have arrived', true));
      }
    }
  }

  /** All messages up to this position are in the database. */
  stored(upTo: Position): void {
    for (const draft of this.#drafts.values()) {
      if (draft.state !== 'sent' || draft.position === undefined || isAfter(draft.position, upTo)) continue;
      this.#drafts.delete(draft.clientMsgId);
      this.#become(draft, 'stored');
    }
  }

  /** Ends sending for good. */
  fail(error: ChorusError): void {
    for (const draft of this.#drafts.values()) {
      if (draft.state === 'queued' || draft.state === 'sending') this.#fail(draft, error);
    }
  }

  #fail(draft: Draft, error: ChorusError): void {
    this.#take(draft);
    draft.error = error;
    this.#become(draft, 'failed');
    this.#trim(draft);
    draft.reject(error);
    this.#options.send();
  }

  /** Removes a draft from the queue and from the flight. */
  #take(draft: Draft): void {
    clearTimeout(draft.timer);
    if (this.#current === draft) this.#current = undefined;
    if (draft.state === 'queued') this.#queue.splice(this.#queue.indexOf(draft), 1);
  }

  #trim(settled: Draft): void {
    if (!isMessage(settled)) this.#drafts.delete(settled.clientMsgId);
    if (this.#drafts.size - this.#queue.length <= MOST_KEPT) return;
    for (const { clientMsgId, state } of this.#drafts.values()) {
      if (state !== 'sent' && state !== 'failed') continue;
      this.#drafts.delete(clientMsgId);
      return;
    }
  }

  #become(draft: Draft, state: DeliveryState): void {
    draft.state = state;
    this.#changed(draft);
  }

  #changed(draft: Draft): void {
    if (!isMessage(draft)) return;
    this.#deliveries = undefined;
    this.#options.onChange(deliveryOf(draft));
  }
}

function isMessage({ frame }: Draft): boolean {
  return frame.type === 'publish';
}

function deliveryOf({ clientMsgId, content, state, position, error }: Draft): Delivery {
  return { clientMsgId, content, state, position, error };
}
