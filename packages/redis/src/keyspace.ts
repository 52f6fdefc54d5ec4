/**
 * Number of partitions that rooms are spread over. All keys of a partition share a hash tag, so that a script may touch
 * several of them in a Redis Cluster and one connection receives all sharded channels of the partition. Part of every
 * key name: changing it requires an empty Redis.
 */
export const PARTITIONS = 64;

/** All partitions, in order. */
export const ALL_PARTITIONS: readonly number[] = Array.from({ length: PARTITIONS }, (_, at) => at);

export function partitionOf(roomId: number): number {
  return roomId % PARTITIONS;
}

/** Partition whose shared keys a room uses; undefined on a single server, where all rooms share one set of keys. */
export function scopeOf(roomId: number, cluster: boolean): number | undefined {
  return cluster ? partitionOf(roomId) : undefined;
}

/** Scopes of all rooms: the partitions of a Redis Cluster, or the one of a single server. See {@link scopeOf}. */
export function allScopes(cluster: boolean): ReadonlyArray<number | undefined> {
  return cluster ? ALL_PARTITIONS : [undefined];
}

/**
 * Prefixes of the names of everything that Chorus keeps in one Redis; other programs use other prefixes. Packages build
 * the names of their keys and channels on them.
 */
export class Keyspace {
  /**
   * Suffix of every channel name. Keys belong to a database of Redis, channels do not: all databases of a server share
   * them. So the names of channels end with the number of the database, except in database 0.
   */
  readonly channelSuffix: string;

  /** @param database number of the database that holds the keys */
  constructor(
    readonly prefix: string,
    database = 0,
  ) {
    this.channelSuffix = database === 0 ? '' : `@${database}`;
  }

  /** Prefix of all names of one partition, hash tag included: `{chorus:12}`. */
  partition(partition: number): string {
    return `{${this.prefix}:${partition}}`;
  }

  /** Prefix of the names that all rooms of a hash slot share; see {@link scopeOf}. */
  scope(partition: number | undefined): string {
    return partition === undefined ? this.prefix : this.partition(partition);
  }

  /** Prefix of all names of one room: `{chorus:12}:room:76`. */
  room(roomId: number): string {
    return `${this.partition(partitionOf(roomId))}:room:${roomId}`;
  }
}

/** Command that publishes on channels of rooms and gateways: in a Redis Cluster they are sharded. */
export function publishCommand(cluster: boolean): 'PUBLISH' | 'SPUBLISH' {
  return cluster ? 'SPUBLISH' : 'PUBLISH';
}
