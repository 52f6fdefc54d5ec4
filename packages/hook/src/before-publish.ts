import { type MessageRefusal, type Position, Refusal } from '@chorus/protocol';
import type { Closeable, Logger } from '@chorus/service';
import type { Verdict } from './answer.js';
import { CircuitBreaker } from './circuit-breaker.js';
import type { Endpoint, Failure } from './endpoint.js';
import type { HookMetrics } from './metrics.js';
import type { HookConfig } from './settings.js';
import { Slots } from './slots.js';
import type { Draft, MessageText } from './text.js';

/** A text to be published if the hook lets it pass. */
export interface Publication {
  readonly draft: Draft;
  /** Idempotency key of the entry; undefined without one. */
  readonly key: string | undefined;
  /** Checks a text that the hook has changed, by the limits of messages. */
  check(changed: MessageText): MessageRefusal | undefined;
  /** Checks the user once more after the decision, before anything is published. @throws why nothing may be published any more */
  recheck?(): Promise<void>;
  /**
   * Publishes the text of the draft, or what the hook changed it to; or returns why it may not be published any more. Called at most
   * once.
   */
  publish(text: MessageText): Promise<Position | MessageRefusal>;
}

export interface BeforePublishParts {
  readonly endpoint: Pick<Endpoint, 'ask'> & Closeable;
  readonly metrics: HookMetrics;
  readonly log: Logger;
  /** See `Broker.publishedWith`. */
  publishedWith(roomId: number, key: string): Promise<Position | undefined>;
}

type Decision =
  | Verdict
  | Failure
  /** The endpoint was not asked. */
  | { readonly action: 'fail'; readonly outcome: 'open' }
  | { readonly action: 'repeated'; readonly position: Position };

/** Characters of texts that may wait for the hook at a time in one process; and what each text counts in addition. */
const MAX_HELD = 16_777_216;
const EACH_HELD = 2_048;

/**
 * Asks the hook about texts before they are published.
 *
 * Guarantees: texts of one user to one room are published in the order of {@link submit}, although requests about them can be in
 * progress at the same time. A text has a decision within `timeoutMs`. What waits is bounded, in number and size. A text with an
 * idempotency key that was published before, or about which a request of this process is in progress, causes no request.
 */
export class BeforePublish implements Closeable {
  readonly #slots: Slots;
  readonly #breaker = new CircuitBreaker();
  /** For each user and room, resolves when the last text has been published or refused, but for the answer of the broker. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** Texts with idempotency keys that wait. */
  readonly #running = new Map<string, Promise<Position | MessageRefusal>>();
  #held = 0;

  constructor(
    private readonly config: HookConfig,
    private readonly parts: BeforePublishParts,
  ) {
    this.#slots = new Slots(config.concurrency);
    parts.metrics.read(() => ({ waiting: this.#last.size, open: this.#breaker.isOpen }));
  }

  /**
   * @returns the position of the entry, also of an earlier one with the key; or why nothing was published
   * @throws what `recheck` and `publish` throw; {UnavailableError} the broker does not answer
   */
  submit(publication: Publication): Promise<Position | MessageRefusal> {
    const { draft, key } = publication;
    const { counts } = this.parts.metrics;
    const id = key === undefined ? undefined : `${draft.roomId} ${key}`;
    const running = id === undefined ? undefined : this.#running.get(id);
    if (running !== undefined) {
      counts.repeated++;
      return running;
    }
    const size = draft.content.length + EACH_HELD;
    if (this.#held + size > MAX_HELD) {
      counts.full++;
      return Promise.resolve(new Refusal('hook_unavailable'));
    }
    this.#held += size;
    const task = this.#inOrder(publication).finally(() => {
      this.#held -= size;
      if (id !== undefined) this.#running.delete(id);
    });
    if (id !== undefined) this.#running.set(id, task);
    return task;
  }

  /** Publishes an entry without a text behind the texts that the user has sent to the room before. @throws what `publish` throws */
  async inTurn(roomId: number, userId: number, publish: () => Promise<Position>): Promise<Position> {
    await this.#last.get(placeOf(roomId, userId));
    return publish();
  }

  /** Requests in progress fail. */
  close(): Promise<void> {
    return this.parts.endpoint.close();
  }

  async #inOrder(publication: Publication): Promise<Position | MessageRefusal> {
    const { roomId, user } = publication.draft;
    const place = placeOf(roomId, user.id);
    // The request does not wait for the texts before it.
    const started = this.#start(this.#decide(publication), this.#last.get(place), publication);
    const done = started.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(place, done);
    try {
      return await (await started).published;
    } finally {
      if (this.#last.get(place) === done) this.#last.delete(place);
    }
  }

  /** Resolves when the text has been handed to the broker: then the next one may follow. */
  async #start(decided: Promise<Decision>, before: Promise<unknown> | undefined, publication: Publication) {
    const [decision] = await Promise.allSettled([decided, before]);
    if (decision.status === 'rejected') throw decision.reason;
    if (this.#publishes(decision.value)) await publication.recheck?.();
    return { published: this.#settle(decision.value, publication) };
  }

  #publishes({ action }: Decision): boolean {
    return (
      action === 'pass' || action === 'change' || (action === 'fail' && this.config.onFailure === 'pass')
    );
  }

  async #settle(
    decision: Decision,
    { draft, check, publish }: Publication,
  ): Promise<Position | MessageRefusal> {
    switch (decision.action) {
      case 'pass':
        return publish(draft);
      case 'change':
        return check(decision.text) ?? publish(decision.text);
      case 'refuse':
        return new Refusal('message_refused', decision.reason);
      case 'repeated':
        return decision.position;
      case 'fail':
        return this.config.onFailure === 'pass' ? publish(draft) : new Refusal('hook_unavailable');
      default:
        return decision satisfies never;
    }
  }

  /** Returns what becomes of a text. @throws {UnavailableError} the broker does not answer */
  async #decide({ draft, key }: Publication): Promise<Decision> {
    const { metrics, publishedWith } = this.parts;
    const { counts } = metrics;
    const arrivedAt = performance.now();
    const position = key === undefined ? undefined : await publishedWith(draft.roomId, key);
    if (position !== undefined) {
      counts.repeated++;
      return { action: 'repeated', position };
    }
    if (!this.#breaker.admits(performance.now())) {
      counts.open++;
      return { action: 'fail', outcome: 'open' };
    }
    const decision = await this.#ask(draft, arrivedAt + this.config.timeoutMs);
    metrics.duration?.observe((performance.now() - arrivedAt) / 1_000);
    counts[decision.action === 'fail' ? decision.outcome : decision.action]++;
    this.#note(decision);
    return decision;
  }

  async #ask(draft: Draft, until: number): Promise<Verdict | Failure> {
    const late = { action: 'fail', outcome: 'timeout', detail: 'too many requests wait' } as const;
    if (!(await this.#slots.take(until - performance.now()))) return late;
    try {
      const withinMs = until - performance.now();
      return withinMs < 1 ? late : await this.parts.endpoint.ask(draft, withinMs);
    } finally {
      this.#slots.give();
    }
  }

  #note(decision: Verdict | Failure): void {
    const { log } = this.parts;
    const wasOpen = this.#breaker.isOpen;
    if (decision.action === 'fail') this.#breaker.failed(performance.now());
    else this.#breaker.succeeded();
    const { isOpen } = this.#breaker;
    if (decision.action === 'fail') {
      const about = { outcome: decision.outcome, error: decision.detail, onFailure: this.config.onFailure };
      if (isOpen && !wasOpen) log.warn(about, 'the hook keeps failing: it is not asked for a moment');
      else log.debug(about, 'the hook failed');
    } else if (wasOpen) log.info('the hook works again');
  }
}

function placeOf(roomId: number, userId: number): string {
  return `${roomId} ${userId}`;
}
