/**
 * What of the catalogue of close codes (`CLOSE` of the protocol) a client goes by. The catalogue itself, with its texts, is
 * not shipped; a test holds both against each other.
 */
export const NORMAL = 1000;
export const LOST = 1006;
export const UNAUTHENTICATED = 4401;
/** Connecting again does not help. */
export const FINAL: readonly number[] = [1003, 1009, UNAUTHENTICATED, 4403, 4404];
