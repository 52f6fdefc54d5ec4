import { isAfter, type Position } from '@chorus/protocol/constants';
import { ChorusError } from '../chorus-error.js';
import type { Delivery, DeliveryState, SentMessage } from '../types.js';
import { ageOf, type Moment, moment } from './moment.js';
import type { SendOptions } from './room.js';

/** A message of one's own, as long as it is of interest. */
interface Draft {
  readonly clientMsgId: string;
  readonly content: string;
  state: DeliveryState;
  position: Position | undefined;
  error: ChorusError | undefined;
  /** When it was last sent. */
  sent: Moment | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  resolve(sent: SentMessage): void;
  reject(error: ChorusError): void;
}

export interface OutboxOptions {
  readonly roomId: number;
  /** Puts a message on its way; it is asked again with {@link Outbox.current} when its turn has come. */
  send(): void;
  onChange(delivery: Delivery): void;
  nextMessageId(): string;
}

/** Of what is sent or has failed, only so many are kept. */
const MOST_KEPT = 1_000;
/** Gateways know a message by its name for five minutes. */
const SAFE_TO_REPEAT_MS = 4 * 60_000;
const MESSAGE_ID = /^[\w.:-]{1,64}$/;

/**
 * What was said in one room, in order, until it is stored. One message at a time is under way: with more, a refusal of the
 * first would change the order.
 *
 * After an interruption an unacknowledged message is sent again only once the room has caught up: if it had arrived, it has
 * been received by then. So gateways need to remember its id from the join to the sending, not for the whole absence.
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
    this.#deliveries ??= [...this.#drafts.values()].map(deliveryOf);
    return this.#deliveries;
  }

  /** Whether messages are acknowledged that are not known to be stored. */
  get awaitsStored(): boolean {
    for (const { state } of this.#drafts.values()) if (state === 'sent') return true;
    return false;
  }

  add(
    content: string,
    { timeoutMs, clientMsgId = this.#options.nextMessageId() }: SendOptions,
  ): Promise<SentMessage> {
    const sent = new Promise<SentMessage>((resolve, reject) => {
      if (!MESSAGE_ID.test(clientMsgId) || this.#drafts.has(clientMsgId)) {
        throw new ChorusError('bad_request', `clientMsgId ${clientMsgId} is not valid, or taken`);
      }
      const draft: Draft = {
        ...{ clientMsgId, content, state: 'queued', position: undefined, error: undefined },
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
    // Whoever does not look at the promise sees the failure in `deliveries`.
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

  /** The next message to be sent, which is under way from now on; undefined if one is already, or there is none. */
  next(): { clientMsgId: string; content: string } | undefined {
    if (this.#current !== undefined) return undefined;
    const draft = this.#queue.shift();
    if (draft === undefined) return undefined;
    this.#current = draft;
    draft.sent = moment();
    this.#become(draft, 'sending');
    return draft;
  }

  /** It was acknowledged, or seen in the room. Told as often as one likes. */
  acked(clientMsgId: string, position: Position): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft === undefined || draft.state === 'sent') return;
    this.#take(draft);
    draft.position = position;
    draft.error = undefined;
    this.#become(draft, 'sent');
    this.#trim();
    draft.resolve({ roomId: this.#options.roomId, clientMsgId, content: draft.content, position });
    this.#options.send();
  }

  /** A gateway does not take it. @returns whether it is to be sent again */
  refused(clientMsgId: string, error: ChorusError): boolean {
    const draft = this.#drafts.get(clientMsgId);
    if (draft?.state !== 'sending') return false;
    if (error.retry) this.interrupted();
    else this.#fail(draft, error);
    return error.retry;
  }

  /** What is under way will not be answered: it is sent again. */
  interrupted(): void {
    const draft = this.#current;
    if (draft === undefined) return;
    this.#current = undefined;
    this.#queue.unshift(draft);
    this.#become(draft, 'queued');
  }

  /** Not all that was said was seen: of what was sent too long ago nobody knows any more whether it arrived. */
  doubted(): void {
    for (const draft of [...this.#queue]) {
      if (draft.sent !== undefined && ageOf(draft.sent) > SAFE_TO_REPEAT_MS) {
        this.#fail(draft, new ChorusError('timeout', 'not known to have arrived', true));
      }
    }
  }

  /** Everything up to there is in the database. */
  stored(upTo: Position): void {
    for (const draft of this.#drafts.values()) {
      if (draft.state !== 'sent' || draft.position === undefined || isAfter(draft.position, upTo)) continue;
      this.#drafts.delete(draft.clientMsgId);
      this.#become(draft, 'stored');
    }
  }

  /** Nothing is sent any more. */
  fail(error: ChorusError): void {
    for (const draft of this.#drafts.values()) {
      if (draft.state === 'queued' || draft.state === 'sending') this.#fail(draft, error);
    }
  }

  #fail(draft: Draft, error: ChorusError): void {
    this.#take(draft);
    draft.error = error;
    this.#become(draft, 'failed');
    this.#trim();
    draft.reject(error);
    this.#options.send();
  }

  /** It does not wait any more, nor is it under way. */
  #take(draft: Draft): void {
    clearTimeout(draft.timer);
    if (this.#current === draft) this.#current = undefined;
    if (draft.state === 'queued') this.#queue.splice(this.#queue.indexOf(draft), 1);
  }

  #trim(): void {
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
    this.#deliveries = undefined;
    this.#options.onChange(deliveryOf(draft));
  }
}

function deliveryOf({ clientMsgId, content, state, position, error }: Draft): Delivery {
  return { clientMsgId, content, state, position, error };
}
