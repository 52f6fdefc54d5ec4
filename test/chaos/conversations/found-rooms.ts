import type { RoomKind } from '@chorus/protocol';
import { ask, type Caller } from './ask.js';
import type { Actor, Cast } from './cast.js';
import { type Draft, newDraft } from './draft.js';

const KINDS: readonly RoomKind[] = ['private', 'private', 'direct', 'public'];

/** Creates the rooms of conversations, with their steady members. Nothing may be broken yet. */
export async function foundRooms(caller: Caller, cast: Cast): Promise<Draft[]> {
  const rooms: Draft[] = [];
  for (const [index, kind] of KINDS.entries()) {
    const userIds = cast.talkers.map(({ id }) => id);
    const { id: roomId } =
      kind === 'direct'
        ? await done<{ id: number }>(caller, 'POST', '/api/direct', { userIds })
        : await done<{ id: number }>(caller, 'POST', '/api/rooms', { name: `talk-${index}`, kind });
    const room = newDraft(roomId, kind);
    rooms.push(room);
    const members = kind === 'direct' ? [] : cast.talkers;
    for (const [at, member] of members.entries()) {
      const role = at === 0 ? 'moderator' : 'member';
      // Users become members of public rooms by themselves, and only then get another role.
      if (kind === 'public') await put({ ...caller, token: member.token }, roomId, member, 'member');
      if (role !== 'member' || kind !== 'public') await put(caller, roomId, member, role);
    }
    for (const { id: userId } of [cast.owner, ...cast.talkers]) {
      room.memberships.push({ type: 'add', userId, startedAt: 0, doneAt: performance.now() });
    }
  }
  return rooms;
}

function put(caller: Caller, roomId: number, { id }: Actor, role: string): Promise<unknown> {
  return done(caller, 'PUT', `/api/rooms/${roomId}/members/${id}`, { role });
}

async function done<T>(caller: Caller, method: string, path: string, body: object): Promise<T> {
  const { status, body: answer } = await ask(caller, method, path, body);
  if (status < 200 || status >= 300) throw new Error(`${method} ${path}: ${status}`);
  return answer as T;
}
