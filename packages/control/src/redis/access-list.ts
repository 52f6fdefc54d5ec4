import { randomUUID } from 'node:crypto';
import { call, type Keyspace, type RedisClient, UnavailableError } from '@chorus/redis';
import {
  type AccessChange,
  type AccessChanges,
  type AccessList,
  type AccessRestoration,
  type AccessVerdict,
  type Ban,
  banKey,
  REVOKED_SLACK_MS,
  type Revocation,
  type RoomSubject,
  type RoomVerdict,
  revocationIds,
  SUBJECTS_AT_ONCE,
  type Subject,
} from '../access-list.js';
import { decodeMembership } from '../membership-list.js';
import { RedisAccessLog } from './access-log.js';
import { COMPLETE, ControlKeys, RESTORING } from './keys.js';
import { defineControlScripts } from './scripts.js';

/** Bans or revocations read or written in one command. */
const AT_ONCE = 500;

/** In place of the end of a ban: it is lifted. */
const LIFTED = '-';

/** The access list in Redis, one server or a Redis Cluster. The connection is shared and stays open. */
export class RedisAccessList implements AccessList {
  readonly #redis: RedisClient;
  readonly #keys: ControlKeys;
  readonly #log: RedisAccessLog;
  /**
   * Run id of the server, while the connection that reported it lasts; '' when not known. The connections of a Redis Cluster
   * come and go one by one: there the server is asked each time.
   */
  #run = '';

  constructor(redis: RedisClient, keyspace: Keyspace) {
    defineControlScripts(redis);
    this.#redis = redis;
    this.#keys = new ControlKeys(keyspace);
    this.#log = new RedisAccessLog(redis, this.#keys);
    redis.on('close', () => {
      this.#run = '';
    });
  }

  async beginRestoration(): Promise<AccessRestoration> {
    const id = randomUUID();
    await this.#restoration('begin', id);
    return {
      complete: async () => {
        if ((await this.#restoration('complete', id)) === 1) return;
        throw new UnavailableError('Redis lost data while sign-outs and bans were restored');
      },
    };
  }

  async check(subjects: readonly Subject[]): Promise<AccessVerdict[]> {
    const verdicts: AccessVerdict[] = [];
    for (let at = 0; at < subjects.length; at += SUBJECTS_AT_ONCE) {
      verdicts.push(...(await this.#check(subjects.slice(at, at + SUBJECTS_AT_ONCE))));
    }
    return verdicts;
  }

  async checkRooms(subjects: readonly RoomSubject[]): Promise<RoomVerdict[]> {
    const verdicts: RoomVerdict[] = [];
    for (let at = 0; at < subjects.length; at += SUBJECTS_AT_ONCE) {
      verdicts.push(...(await this.#checkRooms(subjects.slice(at, at + SUBJECTS_AT_ONCE))));
    }
    return verdicts;
  }

  async roomsOf(userId: number): Promise<number[]> {
    const keys = [this.#keys.membershipsComplete(), this.#keys.bans(), this.#keys.memberships(userId)];
    const [run, complete, rooms] = await call(() =>
      this.#redis.chorusRoomsOf(keys.length, ...keys, this.#run, userId, COMPLETE),
    );
    if (complete !== 1) throw new UnavailableError('the memberships are not complete yet');
    this.#remember(run);
    return rooms === '' ? [] : rooms.split(' ').map(Number);
  }

  changesAfter(position: string | undefined): Promise<AccessChanges | undefined> {
    return this.#log.changesAfter(position);
  }

  entries(): AsyncIterable<readonly AccessChange[]> {
    return this.#log.entries();
  }

  async revoke(tokenId: string, expiresAt: number): Promise<void> {
    const [revoked, log] = [this.#keys.revoked(), this.#keys.accessLog()];
    await call(() => this.#redis.chorusRevoke(2, revoked, log, tokenId, expiresAt, REVOKED_SLACK_MS));
  }

  async addRevocations(revocations: readonly Revocation[]): Promise<Revocation[]> {
    const missing: Revocation[] = [];
    for (const some of inPieces(revocations)) {
      const added = await call(() =>
        this.#redis.chorusAddRevocations(
          3,
          this.#keys.revoked(),
          this.#keys.bans(),
          this.#keys.accessLog(),
          COMPLETE,
          ...some.flatMap(({ tokenId, expiresAt }) => [tokenId, expiresAt]),
        ),
      );
      const ids = new Set(added);
      missing.push(...some.filter(({ tokenId }) => ids.has(tokenId)));
    }
    return missing;
  }

  async ban(ban: Ban): Promise<void> {
    await this.#changeBans([[banKey(ban), until(ban)]]);
  }

  async lift(ban: Pick<Ban, 'userId' | 'roomId'>): Promise<void> {
    await this.#changeBans([[banKey(ban), LIFTED]]);
  }

  /**
   * Writes only differences, in pieces: a list of any length neither blocks Redis nor is ever half empty. Bans are
   * added before others are removed.
   */
  async replaceBans(bans: readonly Ban[]): Promise<Ban[]> {
    const present = await call(() => this.#readBans());
    const wanted = new Set(bans.map(banKey));
    const missing = bans.filter((ban) => present.get(banKey(ban)) !== until(ban));
    const excess = [...present.keys()].filter(
      (field) => field !== COMPLETE && field !== RESTORING && !wanted.has(field),
    );
    for (const some of inPieces(missing))
      await this.#changeBans(some.map((ban) => [banKey(ban), until(ban)]));
    for (const some of inPieces(excess)) await this.#changeBans(some.map((field) => [field, LIFTED]));
    return present.has(COMPLETE) ? missing : [];
  }

  async #changeBans(changes: ReadonlyArray<readonly [field: string, end: string]>): Promise<void> {
    const keys = [this.#keys.bans(), this.#keys.accessLog()];
    await call(() => this.#redis.chorusChangeBans(keys.length, ...keys, ...changes.flat()));
  }

  #restoration(step: 'begin' | 'complete', id: string): Promise<number> {
    return call(() => this.#redis.chorusRestoreAccess(1, this.#keys.bans(), step, id, RESTORING, COMPLETE));
  }

  async #check(subjects: readonly Subject[]): Promise<AccessVerdict[]> {
    const tokenIds = [...new Set(subjects.flatMap(revocationIds))];
    const fields = [...new Set(subjects.flatMap(banKeys))];
    // A script, not a pipeline: this runs for every connection, and the library allocates 5 KB for a pipeline.
    const [now, [complete, ...ends], scores] = await call(() =>
      this.#redis.chorusCheck(
        2,
        this.#keys.revoked(),
        this.#keys.bans(),
        fields.length + 1,
        COMPLETE,
        ...fields,
        ...tokenIds,
      ),
    );
    if (complete === null) throw new UnavailableError('the bans are not complete yet');
    return verdictsOf(subjects, { tokenIds, fields, now, ends, scores });
  }

  async #checkRooms(subjects: readonly RoomSubject[]): Promise<RoomVerdict[]> {
    const keys = this.#keys;
    const tokenIds = [...new Set(subjects.flatMap(revocationIds))];
    const fields = [...new Set(subjects.flatMap(banKeys))];
    const [now, [complete, ...ends], scores, run, restored, ...held] = await call(() =>
      this.#redis.chorusCheckRooms(
        4 + subjects.length,
        keys.revoked(),
        keys.bans(),
        keys.membershipsComplete(),
        keys.slowModes(),
        ...subjects.map(({ userId }) => keys.memberships(userId)),
        this.#run,
        fields.length + 1,
        tokenIds.length,
        COMPLETE,
        ...fields,
        ...tokenIds,
        ...subjects.map(({ roomId }) => roomId),
      ),
    );
    if (complete === null) throw new UnavailableError('the bans are not complete yet');
    this.#remember(run);
    const verdicts = verdictsOf(subjects, { tokenIds, fields, now, ends, scores });
    return verdicts.map((verdict, at) => ({
      verdict,
      membership: restored === 1 ? decodeMembership(held[2 * at]) : undefined,
      slowModeSeconds: restored === 1 ? Number(held[2 * at + 1] ?? 0) : 0,
    }));
  }

  #remember(run: string): void {
    if (!this.#redis.isCluster && this.#redis.status === 'ready') this.#run = run;
  }

  async #readBans(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    let cursor = '0';
    do {
      const [next, flat] = await this.#redis.hscan(this.#keys.bans(), cursor, 'COUNT', AT_ONCE);
      for (let at = 0; at < flat.length; at += 2) found.set(flat[at] ?? '', flat[at + 1] ?? '');
      cursor = next;
    } while (cursor !== '0');
    return found;
  }
}

/** What Redis replied about bans and tokens. */
interface Found {
  readonly tokenIds: readonly string[];
  readonly scores: ReadonlyArray<string | null>;
  readonly fields: readonly string[];
  readonly ends: ReadonlyArray<string | null>;
  readonly now: number;
}

function verdictsOf(
  subjects: readonly Subject[],
  { tokenIds, fields, now, ends, scores }: Found,
): AccessVerdict[] {
  const revoked = new Set(tokenIds.filter((_, at) => typeof scores[at] === 'string'));
  const banned = new Set(fields.filter((_, at) => holds(ends[at], now)));
  return subjects.map((subject) => {
    if (revocationIds(subject).some((id) => revoked.has(id))) return 'revoked';
    const [everything = '', room] = banKeys(subject);
    if (banned.has(everything)) return 'banned';
    return room !== undefined && banned.has(room) ? 'banned-from-room' : 'ok';
  });
}

/** Returns the keys of the bans that would refuse the subject: from everything first, then from the room. */
function banKeys({ userId, roomId }: Subject): string[] {
  return roomId === undefined ? [banKey({ userId })] : [banKey({ userId }), banKey({ userId, roomId })];
}

/** Empty for a ban without an end. */
function until(ban: Ban): string {
  return ban.until === undefined ? '' : String(ban.until);
}

function holds(end: string | null | undefined, now: number): boolean {
  if (end === null || end === undefined) return false;
  return end === '' || Number(end) > now;
}

function* inPieces<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += AT_ONCE) yield items.slice(at, at + AT_ONCE);
}
