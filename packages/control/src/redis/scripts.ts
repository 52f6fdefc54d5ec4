import { defineScripts, type RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;
/** See `check.lua`. */
type Standing = [time: number, bans: Array<string | null>, tokens: Array<string | null>];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chorusCheck(keys: number, ...args: Args): Result<Standing, Context>;
    chorusRevoke(keys: number, ...args: Args): Result<number, Context>;
    chorusAddRevocations(keys: number, ...args: Args): Result<string[], Context>;
    chorusReport(keys: number, ...args: Args): Result<number, Context>;
  }
}

const SCRIPTS = {
  chorusCheck: ['check'],
  chorusRevoke: ['revoke'],
  chorusAddRevocations: ['add-revocations'],
  chorusReport: ['report'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function defineControlScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
