import type { ArchiveQueue, Backlog, HistoryLimits } from '@chorus/broker';
import { type MessageFrame, openFrame, readMessage } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import { ClaimSize } from './claim-size.js';
import type { MessageStore, Outcome } from './message-store.js';

export interface ArchiveWorkOptions {
  /** Most messages of a cycle. */
  readonly batchMessages: number;
  /** How long claimed rooms stay with an archiver that has died, in milliseconds. */
  readonly leaseMs: number;
  readonly keep: HistoryLimits;
  /** Is told how long it took to store a batch, in seconds. */
  readonly onStored?: ((seconds: number) => void) | undefined;
}

/** What was claimed and is not in the database yet. */
interface Batch {
  readonly backlogs: readonly Backlog[];
  readonly messages: readonly MessageFrame[];
  readonly readAt: number;
  /** More is likely to wait. */
  readonly more: boolean;
}

/** What has been done since the start; plain numbers, for metrics. */
export interface ArchiveCounts {
  /** Messages that were brought to the database. */
  messages: number;
  /** Batches that are in the database, and attempts to store one that failed. Without messages there is no batch. */
  stored: number;
  failed: number;
}

/** Where a cycle failed. */
export class ArchiveError extends Error {
  override name = 'ArchiveError';

  constructor(
    readonly server: 'Redis' | 'PostgreSQL',
    cause: unknown,
  ) {
    super(`${server}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Moves messages from the rooms' streams to PostgreSQL, one batch at a time. */
export class ArchiveWork {
  readonly counts: ArchiveCounts = { messages: 0, stored: 0, failed: 0 };
  readonly #size: ClaimSize;
  /** Kept over an outage: its rooms belong to this archiver, and storing it tells when the outage is over. */
  #held: Batch | undefined;

  constructor(
    private readonly queue: ArchiveQueue,
    private readonly store: Pick<MessageStore, 'save'>,
    private readonly log: Logger,
    private readonly options: ArchiveWorkOptions,
  ) {
    this.#size = new ClaimSize(options.batchMessages);
  }

  /**
   * Claims what waits, stores it and says so. May be stopped at any point, by a crash as well: what is not
   * settled is claimed again when the lease is over, and storing it twice changes nothing.
   *
   * @returns whether more is likely to wait
   * @throws {ArchiveError} nothing is lost; the next cycle goes on where this one failed
   */
  async cycle(): Promise<boolean> {
    this.#held ??= await blame('Redis', this.#claim());
    const { backlogs, messages, readAt, more } = this.#held;
    const outcomes = await blame('PostgreSQL', this.#save(messages, readAt));
    this.#held = undefined;
    await blame('Redis', this.#settle(backlogs, outcomes));
    return more;
  }

  /** When the oldest message was sent of those that are being stored, in milliseconds since 1970. */
  get oldestHeldAt(): number | undefined {
    const times = this.#held?.messages.map(({ sentAt }) => sentAt) ?? [];
    return times.length === 0 ? undefined : times.reduce((oldest, time) => Math.min(oldest, time));
  }

  /** How much is not stored yet, in bytes as they count for the budget. @throws {ArchiveError} */
  async backlogBytes(): Promise<number> {
    return (await blame('Redis', this.queue.backlog())).bytes;
  }

  async #claim(): Promise<Batch> {
    const { rooms, perRoom } = this.#size;
    const backlogs = await this.queue.claim(rooms, perRoom, this.options.leaseMs);
    const readAt = performance.now();
    const more = this.#size.learn(backlogs);
    return { backlogs, messages: backlogs.flatMap((backlog) => this.#read(backlog)), readAt, more };
  }

  async #save(messages: readonly MessageFrame[], readAt: number): Promise<Map<number, Outcome>> {
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

  #read({ roomId, messages }: Backlog): MessageFrame[] {
    return messages.map((stored) => {
      const { epoch, seq } = stored;
      const { message, intact } = readMessage(roomId, stored, openFrame(stored) + stored.body);
      if (!intact) {
        this.log.error({ roomId, epoch, seq }, 'a message cannot be stored as it is: what can be is stored');
      }
      return message;
    });
  }

  async #settle(backlogs: readonly Backlog[], outcomes: ReadonlyMap<number, Outcome>): Promise<void> {
    const gone = backlogs.filter(({ roomId }) => outcomes.get(roomId) === 'gone');
    for (const { roomId, messages } of gone) {
      this.log.info(
        { roomId, messages: messages.length },
        'the room was deleted: its messages are not stored',
      );
    }
    // A room without messages is settled as well: it waits for what became too old to be trimmed.
    const settled = backlogs.filter(({ roomId }) => outcomes.get(roomId) !== 'later');
    const results = await Promise.allSettled(
      settled.map((backlog) => {
        const { roomId, messages, after } = backlog;
        return this.queue.settle(roomId, messages.at(-1) ?? after, this.options.keep, backlog);
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

async function blame<T>(server: ArchiveError['server'], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new ArchiveError(server, error);
  }
}
