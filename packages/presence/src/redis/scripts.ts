import { defineScripts, type RedisClient } from '@chorus/redis';
import type { Result } from 'ioredis';

type Args = Array<string | number>;

/** Reply of `renew.lua` for one partition. */
export type RenewedLease = [changes: number, leftMs: number, end: number];

/** Reply of `leave.lua`. With `waitMs` above 0 nothing was done. */
export type LeaveReply = [removed: number, announced: number, waitMs: number];

/** A change of a journal as Redis returns it: its position, and a field with the change. */
export type ChangeReply = [position: string, fields: [name: string, change: string]];

/** Reply of `read-journal.lua` for one partition. */
export type JournalReply = [
  flag: string,
  process: string,
  doubtedFrom: string,
  settled: number,
  leaseMs: number,
  changes: ChangeReply[],
];

/** Reply of `snapshot-journal.lua`. */
export type SnapshotReply = [] | [now: string, changes: ChangeReply[], members: string[][]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chorusPresenceRegister(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceRenew(keys: number, ...args: Args): Result<RenewedLease[], Context>;
    chorusPresenceExpired(keys: number, ...args: Args): Result<string[][], Context>;
    chorusPresenceClose(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceJoin(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceLeave(keys: number, ...args: Args): Result<LeaveReply, Context>;
    chorusPresenceBeginJournal(keys: number, ...args: Args): Result<number, Context>;
    chorusPresenceReadJournal(keys: number, ...args: Args): Result<JournalReply[], Context>;
    chorusPresenceSnapshotJournal(keys: number, ...args: Args): Result<SnapshotReply, Context>;
  }
}

const SCRIPTS = {
  chorusPresenceRegister: ['older-data', 'register'],
  chorusPresenceRenew: ['older-data', 'renew'],
  chorusPresenceExpired: ['expired'],
  chorusPresenceClose: ['older-data', 'close'],
  chorusPresenceJoin: ['journal', 'join'],
  chorusPresenceLeave: ['older-data', 'journal', 'leave'],
  chorusPresenceBeginJournal: ['begin-journal'],
  chorusPresenceReadJournal: ['older-data', 'read-journal'],
  chorusPresenceSnapshotJournal: ['older-data', 'snapshot-journal'],
} as const;

/** Adds this package's scripts to a client as commands. Idempotent. */
export function definePresenceScripts(client: RedisClient): void {
  defineScripts(client, new URL('../../lua/', import.meta.url), SCRIPTS);
}
