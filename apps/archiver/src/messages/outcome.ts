/**
 * Outcome for a room's messages.
 * - `stored`: all are in the database;
 * - `gone`: the room does not exist any more; there is nothing to store;
 * - `later`: the room is being deleted, or was created after the messages were read, so that they may belong to a
 *   deleted room with this id. They must not be settled; reading them again shows.
 */
export type Outcome = 'stored' | 'gone' | 'later';
