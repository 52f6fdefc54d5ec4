import { defineScripts, type RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;

/** Reply of `renew.lua` for one partition. */
export type RenewedLease = [changes: number, leftMs: number, end: number];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chorusPresenceRegister(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceRenew(keys: number, ...args: Args): Result<RenewedLease[], Context>;
    chorusPresenceExpired(keys: number, ...args: Args): Result<string[][], Context>;
    chorusPresenceClose(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceJoin(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceLeave(keys: number, ...args: Args): Result<[removed: number, announced: number], Context>;
  }
}

const SCRIPTS = {
  chorusPresenceRegister: ['register'],
  chorusPresenceRenew: ['renew'],
  chorusPresenceExpired: ['expired'],
  chorusPresenceClose: ['close'],
  chorusPresenceJoin: ['join'],
  chorusPresenceLeave: ['leave'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function definePresenceScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
