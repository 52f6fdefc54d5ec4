import { type Replay, RoomNotFoundError } from '@chorus/broker';
import type { AccessList, AccessVerdict, RoomSubject, RoomVerdict } from '@chorus/control';
import { accessTo, type Position } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { Hub } from './hub.js';
import type { LocalRoom } from './local-room.js';
import { JoinTicket, type Standing } from './members/standing.js';

/** Everything that a socket needs to join a room synchronously. The holder joins with it or abandons it. */
export interface PreparedJoin {
  readonly room: LocalRoom;
  /** The position to resume from; undefined for a client that does not resume. */
  readonly since: Position | undefined;
  /** The messages after that position; undefined if they cannot be read without a gap. */
  readonly replay: Replay | undefined;
  /** Messages up to here are in the database; 0-0 for a plain socket. */
  readonly stored: Position;
  /** Void if the user was removed meanwhile: the holder must abandon the join. */
  readonly ticket: JoinTicket;
  /** Returns what the user is in the room, by now; undefined if that was not read yet, for a public room. */
  readonly standing: (() => Standing) | undefined;
}

/** The access list refuses the user. */
export class AccessDeniedError extends Error {
  override name = 'AccessDeniedError';
  constructor(readonly verdict: Exclude<AccessVerdict, 'ok'>) {
    super(`the access list answers ${verdict}`);
  }
}

export interface JoinParts {
  readonly hub: Hub;
  readonly access: Pick<AccessList, 'checkRooms'>;
  /** Whether the user is certainly admitted to every public room; if not, the access list must be asked. */
  admits(subject: RoomSubject): boolean;
}

const NOWHERE: Position = { epoch: 0, seq: 0 };

/**
 * Prepares a join: first lets the room's entries flow to this node, then checks the user. So a removal that the check did not
 * see yet is delivered here, and voids the join or ends the membership.
 *
 * @param v1 whether it is for a `chorus.v1` socket, which receives changes too and gets to know what is in the database
 * @throws {AccessDeniedError} {RoomNotFoundError} {UnavailableError} nothing has to be given back then. A room that the user may
 *   not enter is not found.
 */
export async function prepareJoin(
  { hub, access }: JoinParts,
  subject: RoomSubject,
  since: Position | undefined,
  v1: boolean,
): Promise<PreparedJoin> {
  const admitted = await hub.admit(subject.roomId).catch((error: unknown) => new Failure(error));
  if (admitted instanceof Failure) {
    // A refused user learns that, and not which rooms there are.
    await checkAccess(access, subject);
    throw admitted.error;
  }
  const room = admitted;
  const ticket = new JoinTicket(subject.userId);
  room.tickets.add(ticket);
  try {
    const slowModeChanges = room.slowModeChanges;
    const { membership, slowModeSeconds } = await checkEntry(access, subject, room);
    if (membership !== undefined && room.slowModeChanges === slowModeChanges) {
      room.slowModeSeconds = slowModeSeconds;
    }
    const stored = v1 ? await room.watermark.known() : NOWHERE;
    const replay = since === undefined ? undefined : await hub.replay(room, since, v1 ? 'all' : 'messages');
    return { room, since, replay, stored, ticket, standing: () => ticket.standing(membership) };
  } catch (error) {
    room.tickets.delete(ticket);
    hub.abandon(room);
    throw error;
  }
}

/**
 * Prepares a join without waiting, where nothing has to be asked: the room is public and in use on this node, and the access list
 * certainly admits the user. What the user is in the room matters to no reader of a public room, and is read when the user sends.
 *
 * @returns undefined for every other join: see {@link prepareJoin}
 */
export function prepareJoinNow(
  { hub, admits }: JoinParts,
  subject: RoomSubject,
  v1: boolean,
): PreparedJoin | undefined {
  if (!admits(subject)) return undefined;
  const room = hub.admitNow(subject.roomId);
  if (room === undefined) return undefined;
  const stored = v1 ? room.watermark.at : NOWHERE;
  if (room.kind === 'public' && stored !== undefined) {
    const ticket = new JoinTicket(subject.userId);
    return { room, since: undefined, replay: undefined, stored, ticket, standing: undefined };
  }
  hub.abandon(room);
  return undefined;
}

/** Gives back a prepared join that is not used. */
export function abandonJoin(hub: Hub, join: PreparedJoin): void {
  join.replay?.end();
  join.room.tickets.delete(join.ticket);
  hub.abandon(join.room);
}

/** Returns what a user is in a room. @throws {AccessDeniedError} {UnavailableError} */
export async function checkAccess(access: JoinParts['access'], subject: RoomSubject): Promise<RoomVerdict> {
  const [found] = await access.checkRooms([subject]);
  if (found === undefined) throw new Error('no verdict');
  if (found.verdict !== 'ok') throw new AccessDeniedError(found.verdict);
  return found;
}

/** @throws {AccessDeniedError} {RoomNotFoundError} {UnavailableError} */
async function checkEntry(
  access: JoinParts['access'],
  subject: RoomSubject,
  room: LocalRoom,
): Promise<RoomVerdict> {
  const found = await checkAccess(access, subject);
  if (room.kind === 'public') return found;
  if (found.membership === undefined) throw new UnavailableError('the memberships are not complete yet');
  if (accessTo('read', room.kind, found.membership.role) !== 'yes') throw new RoomNotFoundError(room.id);
  return found;
}

class Failure {
  constructor(readonly error: unknown) {}
}
