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
  chorusPublish: ['state', 'backlog', 'activity-channel', 'activity', 'publish'],
  chorusProbe: ['probe'],
  chorusPosition: ['state', 'losses', 'traits', 'position'],
  chorusEnsureRoom: ['state', 'losses', 'traits', 'forget-room', 'ensure-room'],
  chorusSetSize: ['state', 'traits', 'set-size'],
  chorusBringIn: ['state', 'losses', 'traits', 'bring-in'],
  chorusRestoreRoom: ['state', 'losses', 'backlog', 'messages', 'traits', 'forget-room', 'restore-room'],
  chorusRemoveRoom: ['state', 'losses', 'backlog', 'messages', 'forget-room', 'remove-room'],
  chorusMirror: ['state', 'mirror'],
  chorusSetRetention: ['set-retention'],
  chorusClaimBacklog: ['allow-oom', 'claim-backlog'],
  chorusSettleBacklog: ['allow-oom', 'state', 'losses', 'backlog', 'messages', 'settle-backlog'],
  chorusRead: ['state', 'losses', 'traits', 'activity-channel', 'read'],
  chorusReadEach: ['read-each'],
  chorusSettleReads: ['allow-oom', 'settle-reads'],
  chorusBegin: ['begin'],
  chorusSettle: ['settle'],
  chorusLock: ['lock'],
  chorusExtend: ['extend'],
  chorusUnlock: ['unlock'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function defineBrokerScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
