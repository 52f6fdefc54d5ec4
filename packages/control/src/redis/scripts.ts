import { defineScripts, type RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;
/** See `check.lua`. */
type Standing = [time: number, bans: Array<string | null>, tokens: Array<string | null>];

/** See `check-rooms.lua`. */
type RoomStandings = [...Standing, run: string, complete: number, ...held: Array<string | null>];
/** See `memberships.lua`. */
type HeldMemberships = [run: string, complete: number, ...held: string[]];
/** See `access-changes.lua`. */
type LoggedChanges = [complete: number, position: LogEntry | string | null, ...entries: LogEntry[]];
/** An entry of the log of the access list. */
export type LogEntry = [id: string, fields: string[]];

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
    chorusChangeBans(keys: number, ...args: Args): Result<number, Context>;
    chorusAccessChanges(keys: number, ...args: Args): Result<LoggedChanges, Context>;
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
  chorusRevoke: ['access-log', 'revoke'],
  chorusAddRevocations: ['access-log', 'add-revocations'],
  chorusChangeBans: ['access-log', 'change-bans'],
  chorusAccessChanges: ['access-changes'],
  chorusReport: ['report'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function defineControlScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
