import { call, type Keyspace, type RedisClient, UnavailableError } from '@chorus/redis';
import {
  decodeMembership,
  encodeMembership,
  type Membership,
  type MembershipChange,
  type MembershipList,
  type MembershipRestoration,
  type SlowMode,
  type UserMemberships,
} from '../membership-list.js';
import { ControlKeys } from './keys.js';
import { defineControlScripts } from './scripts.js';

/** Changes in one script. */
const CHANGES_AT_ONCE = 500;
/** Fields in one script of a restoration, which serves no other client meanwhile: about 2 ms. */
const FIELDS_AT_ONCE = 2_000;
/** Scripts of a restoration that are sent before the first has replied. */
const SCRIPTS_AT_ONCE = 4;

/** A hash and its fields, each a pair. */
type HashContent = readonly [key: string, fields: ReadonlyArray<readonly [field: number, value: string]>];

/** The memberships in Redis, one server or a Redis Cluster. The connection is shared and stays open. */
export class RedisMembershipList implements MembershipList {
  readonly #redis: RedisClient;
  readonly #keys: ControlKeys;

  constructor(redis: RedisClient, keyspace: Keyspace) {
    defineControlScripts(redis);
    this.#redis = redis;
    this.#keys = new ControlKeys(keyspace);
  }

  async change(changes: readonly MembershipChange[]): Promise<void> {
    for (let at = 0; at < changes.length; at += CHANGES_AT_ONCE) {
      const some = changes.slice(at, at + CHANGES_AT_ONCE);
      const keys = some.map(({ userId }) => this.#keys.memberships(userId));
      const fields = some.flatMap(({ roomId, membership }) => [
        roomId,
        membership === undefined ? '' : encodeMembership(membership),
      ]);
      await call(() => this.#redis.chorusChangeMemberships(keys.length, ...keys, ...fields));
    }
  }

  async setSlowMode({ roomId, seconds }: SlowMode): Promise<void> {
    const value = seconds > 0 ? seconds : '';
    await call(() => this.#redis.chorusChangeMemberships(1, this.#keys.slowModes(), roomId, value));
  }

  async isComplete(): Promise<boolean> {
    const [, complete] = await call(() =>
      this.#redis.chorusMemberships(1, this.#keys.membershipsComplete(), ''),
    );
    return complete === 1;
  }

  async beginRestoration(): Promise<MembershipRestoration> {
    const marker = this.#keys.membershipsComplete();
    const [run] = await call(() => this.#redis.chorusMemberships(1, marker, ''));
    return {
      users: (users: readonly UserMemberships[]) =>
        this.#restore(
          run,
          users.map(({ userId, memberships }) => [
            this.#keys.memberships(userId),
            memberships.map(([roomId, membership]) => [roomId, encodeMembership(membership)]),
          ]),
        ),
      slowModes: (slowModes) =>
        this.#restore(run, [
          [this.#keys.slowModes(), slowModes.map(({ roomId, seconds }) => [roomId, String(seconds)])],
        ]),
      complete: async () => {
        const [now] = await call(() => this.#redis.chorusMemberships(1, marker, run));
        if (now !== run) throw restarted();
      },
    };
  }

  async ofUser(userId: number): Promise<Map<number, Membership>> {
    const keys = [this.#keys.membershipsComplete(), this.#keys.memberships(userId)];
    const [, complete, ...held] = await call(() => this.#redis.chorusMemberships(2, ...keys, ''));
    if (complete !== 1) throw new UnavailableError('the memberships are not complete yet');
    const found = new Map<number, Membership>();
    for (let at = 0; at < held.length; at += 2) {
      const [room, value] = [held[at], held[at + 1]];
      if (room !== '') found.set(Number(room), decodeMembership(value));
    }
    return found;
  }

  takeTurn(userId: number, roomId: number, seconds: number, messageId: string): Promise<number> {
    const key = this.#keys.slowModeTurn(roomId, userId);
    return call(() => this.#redis.chorusSlowMode(1, key, messageId, seconds * 1_000));
  }

  async #restore(run: string, hashes: readonly HashContent[]): Promise<void> {
    const scripts = inScripts(hashes);
    const next = async (): Promise<void> => {
      for (let some = scripts.pop(); some !== undefined; some = scripts.pop()) {
        const keys = some.map(([key]) => key);
        const fields = some.flatMap(([, content]) => [content.length, ...content.flat()]);
        const done = await call(() =>
          this.#redis.chorusRestoreMemberships(keys.length, ...keys, run, ...fields),
        );
        if (done !== 1) throw restarted();
      }
    };
    await Promise.all(Array.from({ length: SCRIPTS_AT_ONCE }, next));
  }
}

function restarted(): UnavailableError {
  return new UnavailableError('Redis was restarted during the restoration of memberships');
}

function inScripts(hashes: readonly HashContent[]): HashContent[][] {
  const scripts: HashContent[][] = [];
  let some: HashContent[] = [];
  let fields = 0;
  for (const hash of hashes) {
    some.push(hash);
    fields += hash[1].length + 1;
    if (fields < FIELDS_AT_ONCE) continue;
    scripts.push(some);
    some = [];
    fields = 0;
  }
  if (some.length > 0) scripts.push(some);
  return scripts;
}
