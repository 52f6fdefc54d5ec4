import { type Keyspace, scopeOf } from '@chorus/redis';

/** Names of the broker's keys and channels in Redis. */
export class BrokerKeys {
  constructor(private readonly keyspace: Keyspace) {}

  /** Suffix of every channel name. `publish.lua` appends it to the name of a room's stream. */
  get channelSuffix(): string {
    return this.keyspace.channelSuffix;
  }

  /**
   * Stream, no expiry. Exists exactly while the room does. An entry's id is `<epoch>-<seq>`, its field `m` is the
   * body of a message or change; in a room with changes its field `c` is their number so far; the stream's last id is the room's position even when the stream is empty. Owner: the API
   * creates and deletes it, gateways append.
   */
  stream(roomId: number): string {
    return `${this.keyspace.room(roomId)}:stream`;
  }

  /**
   * Two hashes per room, by turns of five minutes: idempotency key → `<epoch>-<seq>` of the message that was published
   * with it. Each expires when its next turn begins. Owner: gateways.
   */
  sent(roomId: number): [string, string] {
    const start = `${this.keyspace.room(roomId)}:sent`;
    return [`${start}:0`, `${start}:1`];
  }

  /**
   * Pub/sub channel of a room: messages, ephemeral frames, and its watermark in the database. Its name begins with that
   * of the room's stream, so that `publish.lua` needs only one of the two.
   */
  channel(roomId: number): string {
    return this.stream(roomId) + this.channelSuffix;
  }

  /**
   * Hash, no expiry: the state that all rooms of a hash slot share. One on a single server, one per partition in a
   * Redis Cluster. Owner: the scripts; `state.lua` explains incarnations.
   * - `life`: `<epoch>:<run id>` of the incarnation of the data;
   * - `began`: when the incarnation began, in ms since 1970;
   * - `last`: the newest epoch that a room or incarnation was given;
   * - `seen`: the newest epoch that a node has seen and this data never assigned, if there is one;
   * - `mirrored`: the `life` in which every room of PostgreSQL was known and whole;
   * - `doubt`: the epoch of the last incarnation that is known to have lost messages;
   * - `traits`: 1 once a room has had traits: until then none is looked up;
   * - `unstored`: bytes of all messages after their room's watermark, as they count for the budget.
   */
  state(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:state`;
  }

  /**
   * Sorted set, no expiry, beside each state: room id → ms since 1970 from which an archiver may claim it. Holds every
   * room with messages after its watermark; for a claimed room, the end of the lease. Owner: gateways add, archivers
   * remove.
   */
  unstored(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:unstored`;
  }

  /** Hash, no expiry, beside each state: room id → `<epoch>-<seq>` of the last message in the database. Owner: archivers. */
  stored(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:stored`;
  }

  /**
   * Sorted set, no expiry, beside each state: room id → ms since 1970 at which a stored message becomes too old for the
   * recent history. Owner: archivers.
   */
  expiring(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:expiring`;
  }

  /**
   * Hash, no expiry, beside each state: room id → `<generation>:<epoch>`, the generation that PostgreSQL gave the room
   * ('' if unknown) and the epoch of its creation (0 if unknown). Owner: the API.
   */
  records(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:records`;
  }

  /**
   * Hash, no expiry, beside each state: id of a room that gateways wait for, because it is unknown or not whole in this
   * incarnation → '', or the lowest and the highest position that they have seen. Owner: gateways add, the API removes.
   */
  wanted(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:wanted`;
  }

  /**
   * Hash, no expiry, beside each state: room id → `<count><letters>`: the number of entries of the room that are not messages, then
   * traits: `p` private, `d` direct, `f` public with members; `s` beside one of these: few members. Absent for a public room without
   * members and such entries. Owner: the API, gateways count. A hash of its own, so that gateways of older versions can read the records.
   */
  traits(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:traits`;
  }

  /**
   * Hash, no expiry, beside each state: room id → `<epoch> <id>`: the newest position known to be lost, and the epoch
   * before which no position can be resumed without a gap. Owner: the scripts.
   */
  losses(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:losses`;
  }

  /**
   * Hash, no expiry, beside each state: user id → bytes of that user's messages that wait to be archived, as they count
   * for the budget. Counted only while much of the budget is in use: see `backlog.lua`. Owner: gateways add, archivers
   * subtract.
   */
  senders(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:senders`;
  }

  /**
   * Hash, no expiry, beside each state: `<room>:<user>` → `<epoch>-<seq> <n> <id> <time>`, the position up to which the user has read
   * the room, as long as PostgreSQL may not have it. `n`: ordinal of the last message up to there; `-` if unknown. `id`: position of
   * the room when the user last marked messages as unread; `-` for never since PostgreSQL was written: the first position then
   * replaces the stored one unless that is after `id`. `time` makes values unique. Owner: gateways and the API write, archivers
   * remove. Users who are not members have no field, which bounds the hash.
   */
  reads(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:reads`;
  }

  /**
   * Hash, no expiry, beside each state: room id → days for which the room keeps messages. Absent for a room without a limit of its
   * own. Owner: the API.
   */
  retentions(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:retentions`;
  }

  /**
   * All keys of a room, in the order in which scripts for one room take them: the state, the three that list rooms, the
   * stream, the hashes of keys, the three with more about rooms, the users' shares of the budget,
   * the traits of rooms, and their retentions.
   */
  allOf(roomId: number, cluster: boolean): string[] {
    const scope = scopeOf(roomId, cluster);
    const shared = [this.state(scope), this.unstored(scope), this.expiring(scope), this.stored(scope)];
    const more = [this.records(scope), this.wanted(scope), this.losses(scope), this.senders(scope)];
    return [
      ...shared,
      this.stream(roomId),
      ...this.sent(roomId),
      ...more,
      this.traits(scope),
      this.retentions(scope),
    ];
  }

  /** Sorted set: room id by the start of its last change, in ms with microseconds. Owner: the API. */
  pendingChanges(): string {
    return `${this.keyspace.prefix}:rooms:pending`;
  }

  /** String with an expiry: the holder of a lock. */
  lock(name: string): string {
    return `${this.keyspace.prefix}:lock:${name}`;
  }

  /**
   * Pub/sub channel of one node's delivery probes; in a Redis Cluster one per partition, so that all servers are
   * probed.
   */
  probe(node: string, partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:node:${node}:probe${this.channelSuffix}`;
  }

  /**
   * Pub/sub channel of news of all rooms of a scope: `activity-lines.ts` has its format. Gateways with sockets that watch an inbox
   * subscribe to it. Scripts build the name from that of the state.
   */
  activity(partition: number | undefined): string {
    return `${this.keyspace.scope(partition)}:activity${this.channelSuffix}`;
  }

  /** Pub/sub channel that every gateway subscribes to; a sharded one in a Redis Cluster, like those of rooms. */
  control(): string {
    return `${this.keyspace.prefix}:control${this.channelSuffix}`;
  }
}
