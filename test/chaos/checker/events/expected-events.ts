import { formatPosition, isAfter } from '@chorus/protocol';
import type { CommittedChange, ReceivedEvent } from '../../history/events.js';
import { append } from './append.js';

// Written for the checker alone: the product's own functions would hide its mistakes.

/** Types of events for which the database has witnesses. */
const WITNESSED: ReadonlySet<string> = new Set([
  'message.created',
  'message.changed',
  'message.deleted',
  'room.created',
  'room.changed',
  'room.deleted',
  'member.added',
  'member.changed',
  'member.removed',
  'user.created',
]);

/** What an event must say, and the change that it is about. */
export interface ExpectedEvent {
  /** Equal for events that say the same. */
  readonly says: string;
  readonly change: CommittedChange;
}

/** Returns whether an event must have been witnessed by the database. */
export function isWitnessed({ type }: ReceivedEvent): boolean {
  return WITNESSED.has(type);
}

/** Returns the name of the strand of an event: events of one strand have an order. */
export function strandOf({ type, data }: ReceivedEvent): string {
  if (data.roomId === undefined) return 'no room';
  return type.startsWith('message.') ? messagesOf(data.roomId) : membersOf(data.roomId);
}

/** Returns what an event says, without what may differ between two readings. */
export function saying({ type, data }: ReceivedEvent): string {
  const { user, epoch, seq, change, role } = data;
  if (type.startsWith('message.')) return [type, `${epoch}-${seq}`, ...(change ? [change] : [])].join(' ');
  if (type.startsWith('room.')) return type;
  return [type, user?.id, ...(role ? [role] : [])].join(' ');
}

/** Returns the events that the changes of a database must have, by strand and in order. */
export function expectedEvents(changes: readonly CommittedChange[]): Map<string, ExpectedEvent[]> {
  const strands = new Map<string, ExpectedEvent[]>();
  const add = (strand: string, says: string, change: CommittedChange): void =>
    append(strands, strand, { says, change });
  const entries = new Map<number, CommittedChange[]>();
  for (const change of changes) {
    const { roomId, what, userId, role } = change;
    if (roomId === undefined) add('no room', `${what} ${userId}`, change);
    else if (change.entry === undefined) {
      const about = what.startsWith('room.') ? [] : [userId, ...(role ? [role] : [])];
      add(membersOf(roomId), [what, ...about].join(' '), change);
    } else append(entries, roomId, change);
  }
  for (const [roomId, all] of entries) {
    for (const { says, change } of messageEvents(all)) add(messagesOf(roomId), says, change);
  }
  return strands;
}

/** A change of a message that is deleted, or that does not exist, has no event. */
function messageEvents(entries: readonly CommittedChange[]): ExpectedEvent[] {
  const sorted = entries
    .flatMap((change) => (change.entry === undefined ? [] : [{ change, entry: change.entry }]))
    .sort((a, b) => (isAfter(a.entry, b.entry) ? 1 : -1));
  const alive = new Set<string>();
  return sorted.flatMap(({ change, entry }) => {
    if (change.what === 'message') {
      alive.add(formatPosition(entry));
      return [{ says: `message.created ${formatPosition(entry)}`, change }];
    }
    const target = change.target && formatPosition(change.target);
    if (target === undefined || !alive.has(target)) return [];
    if (change.what !== 'deleted') return [{ says: `message.changed ${target} ${change.what}`, change }];
    alive.delete(target);
    return [{ says: `message.deleted ${target}`, change }];
  });
}

function messagesOf(roomId: number): string {
  return `messages of room ${roomId}`;
}

function membersOf(roomId: number): string {
  return `members and properties of room ${roomId}`;
}
