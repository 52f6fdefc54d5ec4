import type { ArchiveQueue, Backlog, HistoryLimits } from '@chorus/broker';
import type { Position } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import { blame } from '../archive-error.js';
import type { ArchiverWork } from '../archiver.js';
import { type ArchiveEntry, readEntries, textChangedBy } from '../changes/read-entries.js';
import { ClaimSize } from './claim-size.js';
import type { MessageStore } from './message-store.js';
import type { Outcome } from './outcome.js';

export interface ArchiveWorkOptions {
  /** Largest number of messages of a cycle. */
  readonly batchMessages: number;
  /** How long claimed rooms stay with an archiver that has died, in milliseconds. */
  readonly leaseMs: number;
  readonly keep: HistoryLimits;
  /** Called with the duration of storing a batch, in seconds. */
  readonly onStored?: ((seconds: number) => void) | undefined;
}

/** Claimed messages that are not in the database yet. */
interface Batch {
  readonly backlogs: readonly Backlog[];
  readonly messages: readonly ArchiveEntry[];
  readonly readAt: number;
  /** Whether more messages are likely to wait. */
  readonly more: boolean;
}

/** Counts since the start; plain numbers, for metrics. */
export interface ArchiveCounts {
  /** Messages stored in the database. */
  messages: number;
  /** Stored batches, and failed attempts to store one. A cycle without messages is no batch. */
  stored: number;
  failed: number;
}

/** Moves messages from the rooms' streams to PostgreSQL, one batch at a time. */
export class ArchiveWork implements ArchiverWork {
  readonly counts: ArchiveCounts = { messages: 0, stored: 0, failed: 0 };
  readonly #size: ClaimSize;
  /** Kept during an outage: its rooms belong to this archiver, and storing it shows when the outage is over. */
  #held: Batch | undefined;

  constructor(
    private readonly queue: ArchiveQueue,
    private readonly store: Pick<MessageStore, 'save' | 'deletedText'>,
    private readonly log: Logger,
    private readonly options: ArchiveWorkOptions,
  ) {
    this.#size = new ClaimSize(options.batchMessages);
  }

  /**
   * Claims waiting messages, stores them and settles them. May stop at any point, also by a crash: messages that are
   * not settled are claimed again when the lease is over, and storing them twice changes nothing.
   *
   * @returns whether more messages are likely to wait
   * @throws {ArchiveError} nothing is lost; the next cycle continues where this one failed
   */
  async cycle(): Promise<boolean> {
    this.#held ??= await blame('Redis', this.#claim());
    const { backlogs, messages, readAt, more } = this.#held;
    const outcomes = await blame('PostgreSQL', this.#save(messages, readAt));
    const erased = await blame('PostgreSQL', this.#erasedBy(messages, outcomes));
    this.#held = undefined;
    await blame('Redis', this.#settle(backlogs, outcomes, erased));
    return more;
  }

  /** When the oldest message being stored was sent, in milliseconds since 1970. */
  get oldestHeldAt(): number | undefined {
    const times = this.#held?.messages.map(({ sentAt }) => sentAt) ?? [];
    return times.length === 0 ? undefined : times.reduce((oldest, time) => Math.min(oldest, time));
  }

  /** Whether every message is stored. @throws {ArchiveError} */
  async isDone(): Promise<boolean> {
    return (await blame('Redis', this.queue.backlog())).bytes === 0;
  }

  async #claim(): Promise<Batch> {
    const { rooms, perRoom } = this.#size;
    const backlogs = await this.queue.claim(rooms, perRoom, this.options.leaseMs);
    const readAt = performance.now();
    const more = this.#size.learn(backlogs);
    return {
      backlogs,
      messages: backlogs.flatMap((backlog) => readEntries(backlog, this.log)),
      readAt,
      more,
    };
  }

  async #save(messages: readonly ArchiveEntry[], readAt: number): Promise<Map<number, Outcome>> {
    if (messages.length === 0) return new Map();
    const { counts } = this;
    const startedAt = performance.now();
    try {
      const outcomes = await this.store.save(messages, readAt);
      counts.stored++;
      for (const { roomId } of messages) if (outcomes.get(roomId) === 'stored') counts.messages++;
      this.options.onStored?.((performance.now() - startedAt) / 1_000);
      return outcomes;
    } catch (error) {
      counts.failed++;
      throw error;
    }
  }

  /**
   * The entries to erase from the recent history, by room. They are determined at every claim, so a crash before the erasure
   * does no harm.
   */
  async #erasedBy(
    entries: readonly ArchiveEntry[],
    outcomes: ReadonlyMap<number, Outcome>,
  ): Promise<Map<number, Position[]>> {
    const changed = new Map<number, Position[]>();
    for (const entry of entries) {
      const target = entry.type === 'change' ? textChangedBy(entry.frame) : undefined;
      if (target === undefined || outcomes.get(entry.roomId) !== 'stored') continue;
      const targets = changed.get(entry.roomId);
      if (targets === undefined) changed.set(entry.roomId, [target]);
      else targets.push(target);
    }
    const erased = new Map<number, Position[]>();
    for (const [roomId, targets] of changed)
      erased.set(roomId, await this.store.deletedText(roomId, targets));
    return erased;
  }

  async #settle(
    backlogs: readonly Backlog[],
    outcomes: ReadonlyMap<number, Outcome>,
    erased: ReadonlyMap<number, Position[]>,
  ): Promise<void> {
    const gone = backlogs.filter(({ roomId }) => outcomes.get(roomId) === 'gone');
    for (const { roomId, messages } of gone) {
      this.log.info(
        { roomId, messages: messages.length },
        'the room was deleted: its messages are not stored',
      );
    }
    // A room without messages is settled too: it waits to have its too old messages trimmed.
    const settled = backlogs.filter(({ roomId }) => outcomes.get(roomId) !== 'later');
    const results = await Promise.allSettled(
      settled.map((backlog) => {
        const { roomId, messages, after } = backlog;
        const upTo = messages.at(-1) ?? after;
        return this.queue.settle(roomId, upTo, this.options.keep, backlog, erased.get(roomId));
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
