import {
  type ChorusError,
  type CurrentMessage,
  type Delivery,
  type DeliveryState,
  formatPosition,
  type Member,
  type Mention,
  type Position,
} from '@chorus/client';

/** A message as shown: delivered, or one of the user's own that is not yet. */
export interface Entry {
  /** Unchanged from when a message is written to when the room delivers it. */
  readonly key: string;
  readonly userId: number;
  readonly username: string;
  readonly content: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly own: boolean;
  /**
   * Undefined for others' messages. `sent`: acknowledged, so it reaches all members. Stored messages count as sent.
   */
  readonly state: Exclude<DeliveryState, 'stored'> | undefined;
  readonly error: ChorusError | undefined;
  /** Of the user's own messages. */
  readonly clientMsgId: string | undefined;
  readonly mentions: readonly Mention[];
  readonly replyTo: Position | undefined;
  /** The message as it is now; undefined until the room delivers it. */
  readonly message: CurrentMessage | undefined;
}

/** What a message has beside its text. */
export interface About {
  readonly mentions?: readonly Mention[] | undefined;
  readonly replyTo?: Position | undefined;
}

/** One of the user's own messages before its delivery, with the time of writing. */
export interface Outgoing {
  readonly delivery: Delivery;
  readonly at: number;
  readonly about?: About | undefined;
}

/** Key of the line of a message. */
export function keyOf(message: CurrentMessage, me: Member): string {
  const { userId, clientMsgId } = message;
  return userId === me.id && clientMsgId !== undefined ? keyOfOwn(clientMsgId) : formatPosition(message);
}

export function entryOf(message: CurrentMessage, me: Member): Entry {
  const own = message.userId === me.id;
  const { userId, username, content, sentAt: at, mentions = [], replyTo, clientMsgId } = message;
  return {
    ...{ key: keyOf(message, me), userId, username, content, at, own, mentions, replyTo, message },
    // The room has delivered it, so it is sent, whether or not its ack has arrived.
    state: own ? 'sent' : undefined,
    error: undefined,
    clientMsgId: own ? clientMsgId : undefined,
  };
}

/** @returns undefined for a stored message: the room has delivered it, or it is on an older page */
export function outgoingEntry({ delivery, at, about }: Outgoing, me: Member): Entry | undefined {
  const { clientMsgId, content, state, error } = delivery;
  if (state === 'stored') return undefined;
  return {
    ...{ key: keyOfOwn(clientMsgId), userId: me.id, username: me.username, content, at, own: true },
    ...{ state, error, clientMsgId, message: undefined },
    ...{ mentions: about?.mentions ?? [], replyTo: about?.replyTo },
  };
}

/** Whether two entries look alike. */
export function sameEntry(a: Entry, b: Entry): boolean {
  return (
    a.message === b.message &&
    a.state === b.state &&
    a.error === b.error &&
    a.at === b.at &&
    a.content === b.content
  );
}

function keyOfOwn(clientMsgId: string): string {
  return `own ${clientMsgId}`;
}
