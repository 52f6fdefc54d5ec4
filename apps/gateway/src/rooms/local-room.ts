import type { HistoryLoss } from '@chorus/broker';
import type { RoomKind } from '@chorus/protocol';
import type { AckedRoom } from './acks.js';
import type { MemberRoom, MemberSubscriber } from './members/changes.js';
import type { JoinTicket } from './members/standing.js';
import type { Watermark } from './watermark.js';

/** A socket's membership of a room on this node. */
export interface RoomSubscriber extends MemberSubscriber {
  /** Whether it receives the frames of {@link LocalRoom.v1Topic}. */
  readonly v1: boolean;
  /** Whether the client was asked to reconnect. */
  readonly reconnecting: boolean;
  /** Called when the room was deleted, which ends the membership. */
  roomDeleted(): void;
  /** Called when messages are lost for this node. */
  historyLost(loss: HistoryLoss): void;
}

/** A subscriber whose user is typing. */
export interface TypingSubscriber extends RoomSubscriber {
  /** Publishes the notice to all sockets but its own. */
  publishTyping(frame: Uint8Array): void;
}

/** A room that is in use on this node. */
export interface LocalRoom extends AckedRoom, MemberRoom {
  /** Topic of the room's frames. */
  readonly topic: string;
  /** Topic of the frames that only `chorus.v1` sockets receive: changes, typing notices and new names. */
  readonly v1Topic: string;
  readonly watermark: Watermark;
  readonly subscribers: Set<RoomSubscriber>;
  /** Number of subscribers of `chorus.v1`. */
  v1Subscribers: number;
  /** Number of subscribers that receive missed messages, and no live ones yet. */
  catchingUp: number;
  /** Typing subscribers by user, until their own notice arrives here. */
  readonly typing: Map<number, TypingSubscriber>;
  /** Admissions in progress: see `Hub.admit`. */
  admitted: number;
  deleted: boolean;
  readonly tickets: Set<JoinTicket>;
  /** Whether users may be in it who are not members any more: it is not public, and entries are missing on this node. */
  unchecked: boolean;
}

/** @param kind its kind, which does not change */
export function newLocalRoom(id: number, kind: RoomKind, watermark: Watermark): LocalRoom {
  return {
    id,
    kind,
    topic: String(id),
    v1Topic: `${id}/v1`,
    watermark,
    subscribers: new Set(),
    v1Subscribers: 0,
    catchingUp: 0,
    typing: new Map(),
    acks: undefined,
    admitted: 0,
    deleted: false,
    tickets: new Set(),
    unchecked: false,
    slowModeSeconds: 0,
    slowModeChanges: 0,
  };
}
