/**
 * The close codes that the client acts on, from the catalogue of the protocol (`CLOSE`). The catalogue with its texts
 * is not shipped; a test compares both.
 */
export const NORMAL = 1000;
export const LOST = 1006;
export const UNAUTHENTICATED = 4401;
/** Close codes, and HTTP statuses of a refused upgrade, after which reconnecting does not help. */
export const FINAL = /^(1003|1009|440[1346]|40[034])$/;
