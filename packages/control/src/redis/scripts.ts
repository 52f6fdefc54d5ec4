import { defineScripts, type RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;
/** See `check.lua`. */
type Standing = [time: number, bans: Array<string | null>, tokens: Array<string | null>];

/** See `check-rooms.lua`. */
type RoomStandings = [...Standing, run: string, complete: number, ...held: Array<string | null>];
/** See `memberships.lua`. */
type HeldMemberships = [run: string, complete: number, ...held: string[]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chorusCheck(keys: number, ...args: Args): Result<Standing, Context>;
    chorusCheckRooms(keys: number, ...args: Args): Result<RoomStandings, Context>;
    chorusChangeMemberships(keys: number, ...args: Args): Result<number, Context>;
    chorusRestoreMemberships(keys: number, ...args: Args): Result<number, Context>;
    chorusRoomsOf(
      keys: number,
      ...args: Args
    ): Result<[run: string, complete: number, rooms: string], Context>;
    chorusMemberships(keys: number, ...args: Args): Result<HeldMemberships, Context>;
    chorusSlowMode(keys: number, ...args: Args): Result<number, Context>;
    chorusRestoreAccess(keys: number, ...args: Args): Result<number, Context>;
    chorusRevoke(keys: number, ...args: Args): Result<number, Context>;
    chorusAddRevocations(keys: number, ...args: Args): Result<string[], Context>;
    chorusReport(keys: number, ...args: Args): Result<number, Context>;
  }
}

const SCRIPTS = {
  chorusCheck: ['check'],
  chorusCheckRooms: ['check-rooms'],
  chorusRoomsOf: ['rooms-of'],
  chorusChangeMemberships: ['change-memberships'],
  chorusRestoreMemberships: ['restore-memberships'],
  chorusMemberships: ['memberships'],
  chorusSlowMode: ['slow-mode'],
  chorusRestoreAccess: ['restore-access'],
  chorusRevoke: ['revoke'],
  chorusAddRevocations: ['add-revocations'],
  chorusReport: ['report'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function defineControlScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
