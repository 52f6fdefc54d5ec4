import type { Position } from '@chorus/protocol';

/** The last message of one user among some messages. */
export interface Sender {
  readonly userId: number;
  /** Ordinal of the message. */
  readonly n: number;
}

/** A message that mentions users. */
export interface Mentioning {
  /** The user who sent it. */
  readonly by: number;
  readonly users: readonly number[];
  /** Whether it mentions all members. */
  readonly room: boolean;
}

/**
 * News of a room for its members, whether or not they have joined it.
 *
 * - `messages`: new messages that were published together. `seq` and `n` are position and ordinal of the last one;
 * - `deleted`: the message with that ordinal was deleted by the change at `seq`. `n` is the ordinal of the last message before the change;
 * - `added`, `removed`: a user has become a member, or is no longer one;
 * - `read`: a user has read up to a position. `n` is the ordinal of the last message up to it, undefined if unknown; with `unread` the
 *   position may have moved backwards.
 */
export type Activity =
  | (Position & {
      readonly kind: 'messages';
      readonly roomId: number;
      readonly n: number;
      readonly count: number;
      /** Every user who sent one of them, once. */
      readonly senders: readonly Sender[];
      readonly mentions: readonly Mentioning[];
    })
  | (Position & {
      readonly kind: 'deleted';
      readonly roomId: number;
      readonly n: number;
      readonly deleted: number;
    })
  | { readonly kind: 'added' | 'removed'; readonly roomId: number; readonly userId: number }
  | (Position & {
      readonly kind: 'read';
      readonly roomId: number;
      readonly userId: number;
      readonly n: number | undefined;
      readonly unread: boolean;
    });

export type MessagesActivity = Extract<Activity, { kind: 'messages' }>;
