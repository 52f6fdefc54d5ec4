import { defineScripts, type RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;

/** Reply of `publish.lua` for one room. */
export type RoomReply =
  | string
  | [first: string, stored: number, why: string, ...known: Array<string | number>];

/** An entry as Redis returns it. */
export type StreamEntry = [id: string, fields: string[]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chorusPublish(keys: number, ...args: Args): Result<[life: string, ...RoomReply[]], Context>;
    chorusProbe(keys: number, ...args: Args): Result<number, Context>;
    chorusPosition(keys: number, ...args: Args): Result<string[], Context>;
    chorusEnsureRoom(keys: number, ...args: Args): Result<number, Context>;
    chorusSetSize(keys: number, ...args: Args): Result<number, Context>;
    chorusBringIn(keys: number, ...args: Args): Result<string[], Context>;
    chorusRestoreRoom(keys: number, ...args: Args): Result<number, Context>;
    chorusRemoveRoom(keys: number, ...args: Args): Result<[outcome: number, generation: string], Context>;
    chorusMirror(keys: number, ...args: Args): Result<[complete: number, ...wanted: string[]], Context>;
    chorusSetRetention(keys: number, ...args: Args): Result<number, Context>;
    chorusClaimBacklog(keys: number, ...args: Args): Result<string[], Context>;
    chorusSettleBacklog(keys: number, ...args: Args): Result<number, Context>;
    chorusRead(keys: number, ...args: Args): Result<string, Context>;
    chorusReadEach(
      keys: number,
      ...args: Args
    ): Result<[read: number, ...Array<number | StreamEntry[]>], Context>;
    chorusSettleReads(keys: number, ...args: Args): Result<number, Context>;
    chorusBegin(keys: number, ...args: Args): Result<number, Context>;
    chorusSettle(keys: number, ...args: Args): Result<number, Context>;
    chorusLock(keys: number, ...args: Args): Result<string | null, Context>;
    chorusExtend(keys: number, ...args: Args): Result<number, Context>;
    chorusUnlock(keys: number, ...args: Args): Result<number, Context>;
  }
}

/** The files that make up each script. */
const SCRIPTS = {
  chorusPublish: ['parts/state', 'parts/backlog', 'parts/activity-channel', 'parts/activity', 'publish'],
  chorusProbe: ['probe'],
  chorusPosition: ['parts/state', 'parts/losses', 'parts/traits', 'rooms/position'],
  chorusEnsureRoom: ['parts/state', 'parts/losses', 'parts/traits', 'parts/forget-room', 'rooms/ensure-room'],
  chorusSetSize: ['parts/state', 'parts/traits', 'rooms/set-size'],
  chorusBringIn: ['parts/state', 'parts/losses', 'parts/traits', 'rooms/bring-in'],
  chorusRestoreRoom: [
    'parts/state',
    'parts/losses',
    'parts/backlog',
    'parts/messages',
    'parts/traits',
    'parts/forget-room',
    'rooms/restore-room',
  ],
  chorusRemoveRoom: [
    'parts/state',
    'parts/losses',
    'parts/backlog',
    'parts/messages',
    'parts/forget-room',
    'rooms/remove-room',
  ],
  chorusMirror: ['parts/state', 'rooms/mirror'],
  chorusSetRetention: ['rooms/set-retention'],
  chorusClaimBacklog: ['parts/allow-oom', 'archive/claim-backlog'],
  chorusSettleBacklog: [
    'parts/allow-oom',
    'parts/state',
    'parts/losses',
    'parts/backlog',
    'parts/messages',
    'archive/settle-backlog',
  ],
  chorusRead: ['parts/state', 'parts/losses', 'parts/traits', 'parts/activity-channel', 'read'],
  chorusReadEach: ['read-each'],
  chorusSettleReads: ['parts/allow-oom', 'archive/settle-reads'],
  chorusBegin: ['rooms/begin'],
  chorusSettle: ['rooms/settle'],
  chorusLock: ['locks/lock'],
  chorusExtend: ['locks/extend'],
  chorusUnlock: ['locks/unlock'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function defineBrokerScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
