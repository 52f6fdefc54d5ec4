import { ALL_PARTITIONS, call, callAll, type Keyspace, type RedisClient } from '@chorus/redis';
import type {
  JournalPage,
  JournalPages,
  JournalSnapshot,
  PresenceChange,
  PresenceJournal,
} from '../presence-journal.js';
import { PresenceKeys } from './keys.js';
import { parseLease } from './registration.js';
import { type ChangeReply, definePresenceScripts, type JournalReply } from './scripts.js';

/** Default for the largest number of changes in the journal of a partition: about 35 bytes each. */
const LIMIT = 10_000;

/** The journals of presence in Redis. The connection is shared and stays open. */
export class RedisPresenceJournal implements PresenceJournal {
  readonly partitions = ALL_PARTITIONS;
  readonly #keys: PresenceKeys;

  /** @param limit largest number of changes in the journal of a partition */
  constructor(
    private readonly redis: RedisClient,
    keyspace: Keyspace,
    private readonly limit = LIMIT,
  ) {
    definePresenceScripts(redis);
    this.#keys = new PresenceKeys(keyspace);
  }

  async read(positions: ReadonlyMap<number, string>, limit: number): Promise<JournalPages> {
    const asked = [...positions];
    // On a Redis Cluster a script touches one slot: each partition gets a share.
    const groups = this.redis.isCluster ? asked.map((each) => [each]) : [asked];
    const share = Math.ceil(limit / Math.max(1, groups.length));
    const read = await call(() => Promise.all(groups.map((group) => this.#read(group, share))));
    const more = read.some((pages) => pages.reduce((sum, { changes }) => sum + changes.length, 0) >= share);
    return { pages: read.flat(), more };
  }

  async begin(partition: number, position: string): Promise<boolean> {
    const keys = this.#own(partition);
    const begun = await call(() =>
      this.redis.chorusPresenceBeginJournal(keys.length, ...keys, position, this.limit),
    );
    return begun === 1;
  }

  async settle(partition: number, position: string): Promise<void> {
    const [time, count] = position.split('-').map(Number);
    // Entries from the given id on stay.
    const next = `${time}-${(count ?? 0) + 1}`;
    await call(() => this.redis.xtrim(this.#keys.journal(partition), 'MINID', next));
  }

  async end(partition: number): Promise<void> {
    await call(() => this.redis.del(...this.#own(partition)));
  }

  async rooms(partition: number): Promise<Map<number, number>> {
    const leases = await call(() => this.redis.zrange(this.#keys.leases(partition), 0, -1));
    if (leases.length === 0) return new Map();
    const counts = await callAll<Array<Record<string, string>>>(
      this.redis,
      leases.reduce(
        (pipe, lease) => pipe.hgetall(this.#keys.node(partition, parseLease(lease).registration)),
        this.redis.pipeline(),
      ),
    );
    const rooms = new Map<number, number>();
    for (const [field, count] of counts.flatMap((node) => Object.entries(node))) {
      const roomId = Number(field);
      // The field `changes` is not a room id and becomes NaN.
      if (roomId > 0) rooms.set(roomId, (rooms.get(roomId) ?? 0) + Number(count));
    }
    return rooms;
  }

  async snapshot(
    partition: number,
    roomIds: readonly number[],
    since: { position: string; incarnation: string; limit: number },
  ): Promise<JournalSnapshot | undefined> {
    const keys = [
      ...this.#own(partition),
      this.#keys.process(partition),
      ...roomIds.map((roomId) => this.#keys.members(roomId)),
    ];
    const [now, changes = [], members = []] = await call(() =>
      this.redis.chorusPresenceSnapshotJournal(
        ...[keys.length, ...keys, since.position, since.limit],
        ...since.incarnation.split(':'),
      ),
    );
    if (now === undefined) return undefined;
    const byRoom = members.map((ids, at) => [roomIds[at] ?? 0, ids.map(Number)] as const);
    return { at: Number(now), changes: changes.map(parseChange), members: new Map(byRoom) };
  }

  /** The keys of a partition's journal. */
  #own(partition: number): [journal: string, flag: string] {
    return [this.#keys.journal(partition), this.#keys.journalFlag(partition)];
  }

  async #read(asked: ReadonlyArray<readonly [number, string]>, limit: number): Promise<JournalPage[]> {
    const keys = asked.flatMap(([partition]) => [
      ...this.#own(partition),
      this.#keys.process(partition),
      this.#keys.leases(partition),
    ]);
    const positions = asked.map(([, position]) => position);
    const replies = await this.redis.chorusPresenceReadJournal(keys.length, ...keys, limit, ...positions);
    return asked.flatMap(([partition], at) => {
      const reply = replies[at];
      return reply === undefined ? [] : [pageOf(partition, reply)];
    });
  }
}

function pageOf(
  partition: number,
  [flag, process, doubtedFrom, settled, leaseMs, changes]: JournalReply,
): JournalPage {
  return {
    partition,
    recording: flag !== '' && flag !== '0',
    incarnation: process === '' ? undefined : `${process}:${doubtedFrom}`,
    settled: settled === 1,
    leaseMs: leaseMs < 0 ? undefined : leaseMs,
    changes: changes.map(parseChange),
  };
}

/** @param change as `journal.lua` writes it; its position begins with the time */
function parseChange([position, [, change]]: ChangeReply): PresenceChange {
  const [room = '', user = ''] = change.slice(1).split(':');
  return {
    position,
    roomId: Number(room),
    userId: Number(user),
    joined: change.startsWith('+'),
    at: Number(position.split('-')[0]),
  };
}
