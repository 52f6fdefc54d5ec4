/**
 * Name of a lock among PostgreSQL's advisory locks of this database. Shared: memberships are written to the mirror from the
 * outbox. Exclusive: they are read and restored, so that nothing newer is overwritten.
 */
export const MIRROR_LOCK = 72_707_372;
