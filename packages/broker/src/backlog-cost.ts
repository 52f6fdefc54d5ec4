/** What a message counts for the budget beside its body, in bytes. */
export const OVERHEAD = 128;

/** Bytes that a message counts for the budget; `backlog.lua` counts the same. */
export function costOf(body: string): number {
  return Buffer.byteLength(body) + OVERHEAD;
}
