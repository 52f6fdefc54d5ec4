import { expect } from 'chai';
import { MembershipMap } from './membership-map.js';
import type { RoomMembership } from './room-membership.js';

/** A membership reduced to its room, which is all that the map uses. */
const inRoom = (id: number) => ({ room: { id } }) as RoomMembership;
const [ONE, TWO, THREE] = [1, 2, 3].map(inRoom) as [RoomMembership, RoomMembership, RoomMembership];

describe('the rooms of a socket', () => {
  it('are found by id, for any number', () => {
    const rooms = new MembershipMap();
    const added: RoomMembership[] = [];
    for (const membership of [ONE, TWO, THREE]) {
      expect(rooms.get(membership.room.id)).to.equal(undefined);
      rooms.add(membership);
      added.push(membership);
      expect(rooms.all()).to.deep.equal(added);
      for (const each of added) expect(rooms.get(each.room.id)).to.equal(each);
    }
  });

  it('lack a room after it was left', () => {
    const rooms = new MembershipMap();
    rooms.add(ONE);
    rooms.delete(TWO);
    expect(rooms.all()).to.deep.equal([ONE]);
    rooms.delete(ONE);
    expect(rooms.all()).to.deep.equal([]);
    for (const membership of [ONE, TWO, THREE]) rooms.add(membership);
    rooms.delete(TWO);
    expect(rooms.get(TWO.room.id)).to.equal(undefined);
    expect(rooms.all()).to.deep.equal([ONE, THREE]);
  });

  it('may change during an iteration', () => {
    const rooms = new MembershipMap();
    for (const membership of [ONE, TWO, THREE]) rooms.add(membership);
    const seen: RoomMembership[] = [];
    for (const membership of rooms.all()) {
      seen.push(membership);
      rooms.clear();
    }
    expect(seen).to.deep.equal([ONE, TWO, THREE]);
    expect(rooms.all()).to.deep.equal([]);
  });
});
