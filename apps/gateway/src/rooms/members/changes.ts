import type { Membership } from '@chorus/control';
import { accessTo, type MadeChange, type Member, type RoomKind } from '@chorus/protocol';
import { type JoinTicket, type Standing, standingOf } from './standing.js';

/** A room on this node, as far as changes of members concern it. */
export interface MemberRoom {
  readonly kind: RoomKind;
  /** Joins in progress. */
  readonly tickets: ReadonlySet<JoinTicket>;
  readonly subscribers: ReadonlySet<MemberSubscriber>;
  /** Seconds between two messages of one user; 0 for no slow mode. */
  slowModeSeconds: number;
  /** Number of times that an entry has changed the slow mode. */
  slowModeChanges: number;
}

export interface MemberSubscriber {
  readonly member: Member;
  /** What the user is in the room. */
  readonly standing: Standing;
  /** Called when the user was removed from a room that is not public, which ends the membership. */
  removed(): void;
}

type MemberChange = Extract<
  MadeChange,
  { change: 'member-added' | 'member-changed' | 'member-removed' | 'room-changed' }
>;

const CHANGE = Buffer.from('"change":"');
/** The kinds that concern gateways begin like this, and no others do. */
const BEGINNINGS = [Buffer.from('member-'), Buffer.from('room-')];
/** Where the kind of a change is at the latest, in bytes. */
const HEAD = 100;

/** Reads a change of members or of the room; undefined for every other frame, which is not parsed. */
export function memberChangeOf(frame: Uint8Array): MemberChange | undefined {
  const head = Buffer.from(frame.buffer, frame.byteOffset, Math.min(frame.byteLength, HEAD));
  const at = head.indexOf(CHANGE);
  if (at < 0) return undefined;
  const kind = head.subarray(at + CHANGE.length);
  if (!BEGINNINGS.some((beginning) => kind.indexOf(beginning) === 0)) return undefined;
  return JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString());
}

/**
 * Applies a change to the room on this node, at its place in the order: sockets of a removed user leave a room that is not
 * public before the next entry is delivered.
 */
export function applyMemberChange(room: MemberRoom, change: MemberChange): void {
  switch (change.change) {
    case 'room-changed':
      if (change.slowModeSeconds === undefined) break;
      room.slowModeSeconds = change.slowModeSeconds;
      room.slowModeChanges++;
      break;
    case 'member-removed':
      removeMember(room, change.member.id);
      break;
    case 'member-added':
      setStanding(room, change.member.id, { role: change.role ?? 'member' });
      break;
    case 'member-changed': {
      const { role, mutedUntil } = change;
      setStanding(room, change.member.id, {
        ...(role === undefined ? {} : { role }),
        ...(mutedUntil === undefined ? {} : { mutedUntil: mutedUntil ?? undefined }),
      });
      break;
    }
    default:
      change satisfies never;
  }
}

/** Applies what the membership list has about a user. Entries that the list does not have yet must follow. */
export function applyMembership(room: MemberRoom, userId: number, membership: Membership): void {
  if (accessTo('read', room.kind, membership.role) === 'yes')
    setStanding(room, userId, standingOf(membership));
  else removeMember(room, userId);
}

function removeMember(room: MemberRoom, userId: number): void {
  if (room.kind === 'public') {
    setStanding(room, userId, { role: 'none' });
    return;
  }
  for (const ticket of room.tickets) if (ticket.userId === userId) ticket.isVoid = true;
  for (const subscriber of subscribersOf(room, userId)) subscriber.removed();
}

function setStanding(room: MemberRoom, userId: number, change: Partial<Standing>): void {
  for (const ticket of room.tickets) if (ticket.userId === userId) ticket.change(change);
  for (const { standing } of subscribersOf(room, userId)) Object.assign(standing, change);
}

function subscribersOf(room: MemberRoom, userId: number): MemberSubscriber[] {
  return [...room.subscribers].filter(({ member }) => member.id === userId);
}
