import { CLOSE } from '@chorus/protocol';

const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 8_000;

/** What a server may close with and then does not want its client back; 1000 answers what this side has not said. */
const FINAL: ReadonlySet<number> = new Set(
  Object.values(CLOSE)
    .filter(({ code, reconnect }) => !reconnect && code !== CLOSE.normal.code)
    .map(({ code }) => code),
);
/** A refusal for a reason that stays, like a token that is not valid or a room that does not exist. */
const FINAL_REFUSAL = /^HTTP 40[0134]\b/;

/** Whether a client that was closed with that code, or refused for that reason, is not to come back. */
export function isFinal(code: number, why: string): boolean {
  return FINAL.has(code) || FINAL_REFUSAL.test(why);
}

/** How long to wait before the next attempt, in milliseconds: full jitter. @param attempts how many have failed in a row */
export function backoffMs(attempts: number): number {
  return Math.random() * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** attempts);
}
