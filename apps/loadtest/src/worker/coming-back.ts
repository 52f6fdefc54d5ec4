import { CLOSE } from '@chorus/protocol';

const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 8_000;

/**
 * Close codes after which a server does not want its client back; 1000 answers a close frame that this side did not
 * send.
 */
const FINAL: ReadonlySet<number> = new Set(
  Object.values(CLOSE)
    .filter(({ code, reconnect }) => !reconnect && code !== CLOSE.normal.code)
    .map(({ code }) => code),
);
/** A refusal with a permanent reason, such as an invalid token or an unknown room. */
const FINAL_REFUSAL = /^HTTP 40[0134]\b/;

/** Whether a client must not reconnect after that close code or refusal. */
export function isFinal(code: number, why: string): boolean {
  return FINAL.has(code) || FINAL_REFUSAL.test(why);
}

/** Returns the delay of the next attempt in milliseconds, with full jitter. @param attempts failures in a row */
export function backoffMs(attempts: number): number {
  return Math.random() * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** attempts);
}
