import { defineScripts, type RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;

/** Reply of `renew.lua` for one partition. */
export type RenewedLease = [changes: number, leftMs: number, end: number];

/** Reply of `leave.lua`. With `waitMs` above 0 nothing was done. */
export type LeaveReply = [removed: number, announced: number, waitMs: number];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chorusPresenceRegister(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceRenew(keys: number, ...args: Args): Result<RenewedLease[], Context>;
    chorusPresenceExpired(keys: number, ...args: Args): Result<string[][], Context>;
    chorusPresenceClose(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceJoin(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceLeave(keys: number, ...args: Args): Result<LeaveReply, Context>;
  }
}

const SCRIPTS = {
  chorusPresenceRegister: ['older-data', 'register'],
  chorusPresenceRenew: ['older-data', 'renew'],
  chorusPresenceExpired: ['expired'],
  chorusPresenceClose: ['older-data', 'close'],
  chorusPresenceJoin: ['join'],
  chorusPresenceLeave: ['older-data', 'leave'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function definePresenceScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
