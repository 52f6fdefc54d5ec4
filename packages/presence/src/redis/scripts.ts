import { readFileSync } from 'node:fs';
import type { RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;

/** As `renew.lua` answers for one partition. */
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
  chorusPresenceRegister: 'register',
  chorusPresenceRenew: 'renew',
  chorusPresenceExpired: 'expired',
  chorusPresenceClose: 'close',
  chorusPresenceJoin: 'join',
  chorusPresenceLeave: 'leave',
} as const;

/** Adds this package's scripts to a client as commands. Harmless when they are there already. */
export function defineScripts(client: RedisClient): void {
  for (const [command, file] of Object.entries(SCRIPTS)) {
    const lua = readFileSync(new URL(`../../lua/${file}.lua`, import.meta.url), 'utf8');
    client.defineCommand(command, { lua });
  }
}
