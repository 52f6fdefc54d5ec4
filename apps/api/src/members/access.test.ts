import {
  accessTo,
  ROLES_OR_NONE,
  ROOM_KINDS,
  type RoleOrNone,
  type RoomAction,
  type RoomKind,
} from '@chorus/protocol';
import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { ANN, BEN, CAT, DAN, useMembers } from '../testing/members.js';

describe('rooms with members allow what the table of access allows:', function () {
  this.timeout(60_000);
  const { as, newRoom, put, mute, remove } = useMembers();

  /** What each action of the table is over HTTP, by DAN. Those of messages are tested with messages. */
  const ACTIONS: ReadonlyArray<
    readonly [action: RoomAction, request: string, act: (room: number) => Promise<Answer>]
  > = [
    ['read', 'GET', (room) => as(DAN).get(`/api/rooms/${room}`)],
    ['listMembers', 'GET', (room) => as(DAN).get(`/api/rooms/${room}/members`)],
    ['addMember', 'PUT', (room) => put(DAN, room, CAT)],
    ['removeMember', 'DELETE', (room) => remove(DAN, room, BEN)],
    ['mute', 'PUT', (room) => mute(DAN, room, BEN, 60)],
    ['manageRoles', 'PUT', (room) => put(DAN, room, BEN, 'moderator')],
    ['invite', 'POST', (room) => as(DAN).post(`/api/rooms/${room}/invites`, {})],
    ['invite', 'GET', (room) => as(DAN).get(`/api/rooms/${room}/invites`)],
    ['setSlowMode', 'PATCH', (room) => as(DAN).patch(`/api/rooms/${room}`, { slowModeSeconds: 5 })],
    ['rename', 'PATCH', (room) => as(DAN).patch(`/api/rooms/${room}`, { topic: 'about' })],
    ['deleteRoom', 'DELETE', (room) => as(DAN).delete(`/api/rooms/${room}`)],
    ['leave', 'DELETE', (room) => remove(DAN, room, DAN)],
  ];
  /** A room of ANN and BEN in which DAN has a role. */
  const roomWith = async (kind: RoomKind, role: RoleOrNone): Promise<number> => {
    if (kind === 'direct') {
      const userIds = role === 'none' ? [BEN.id] : [BEN.id, DAN.id];
      return (await as(ANN).post('/api/direct', { userIds })).body.id;
    }
    const room = await newRoom({ kind });
    await put(ANN, room, BEN);
    if (role !== 'none') expect((await put(ANN, room, DAN, role)).status).to.equal(200);
    return room;
  };

  for (const kind of ROOM_KINDS) {
    const standings = kind === 'direct' ? (['none', 'member'] as const) : ROLES_OR_NONE;
    for (const role of standings) {
      for (const [action, request, act] of ACTIONS) {
        const expected = accessTo(action, kind, role);
        it(`${kind}, ${role}: ${action} (${request}) is ${expected}`, async () => {
          const room = await roomWith(kind, role);
          const answer = await act(room);
          expect(
            expected === 'yes' ? answer.status < 300 : answer.status === expected,
            `${answer.status}`,
          ).to.equal(true);
          if (expected !== 404) return;
          // As for a room that does not exist.
          const unknown = await act(4_000_000);
          expect([answer.status, answer.body]).to.deep.equal([unknown.status, unknown.body]);
        });
      }
    }
  }

  it('history and presence of a private room are hidden, as the room is', async () => {
    const room = await newRoom();
    for (const path of [`/api/rooms/${room}/messages`, `/ws/get-clients/${room}`]) {
      expect((await as(ANN).get(path)).status, path).to.equal(200);
      expect((await as(BEN).get(path)).status, path).to.equal(404);
    }
  });

  it('following a public room makes a member, a private one cannot be followed', async () => {
    const shown = await newRoom({ kind: 'public' });
    expect((await put(BEN, shown, BEN)).body).to.include({ id: BEN.id, username: 'ben', role: 'member' });
    expect((await put(BEN, shown, BEN, 'moderator')).status).to.equal(403);
    expect((await put(BEN, await newRoom(), BEN)).status).to.equal(404);
  });
});
