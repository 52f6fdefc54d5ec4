/**
 * The close codes that the client acts on, from the catalogue of the protocol (`CLOSE`). The catalogue with its texts
 * is not shipped; a test compares both.
 */
export const NORMAL = 1000;
export const LOST = 1006;
export const UNAUTHENTICATED = 4401;
/** Reconnecting does not help. */
export const FINAL: readonly number[] = [1003, 1009, UNAUTHENTICATED, 4403, 4404, 4406];
