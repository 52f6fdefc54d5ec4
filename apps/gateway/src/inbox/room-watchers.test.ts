import { createPrng } from '@chorus/testing';
import { expect } from 'chai';
import { RoomWatchers } from './room-watchers.js';

describe('RoomWatchers', () => {
  for (const seed of [1, 2, 3]) {
    it(`agrees with sets after any sequence of changes (${seed})`, () => {
      const prng = createPrng(seed);
      const watchers = new RoomWatchers();
      const byRoom = new Map<number, Set<number>>();
      const usersOf = (room: number): Set<number> => {
        const users = byRoom.get(room) ?? new Set<number>();
        byRoom.set(room, users);
        return users;
      };
      const LAST_ROOM = Number.MAX_SAFE_INTEGER;
      for (let step = 0; step < 20_000; step++) {
        const user = prng.below(200);
        const room = LAST_ROOM - prng.below(50);
        const users = usersOf(room);
        const choice = prng.below(100);
        if (choice < 60) {
          expect(watchers.add(user, room)).to.equal(!users.has(user));
          users.add(user);
        } else if (choice < 98) expect(watchers.remove(user, room)).to.equal(users.delete(user));
        else {
          watchers.removeAll(user);
          for (const each of byRoom.values()) each.delete(user);
        }
      }
      const found = new Map<number, number[]>();
      for (const room of byRoom.keys()) {
        const users: number[] = [];
        watchers.forEachUser(room, (user) => users.push(user));
        found.set(
          room,
          users.sort((a, b) => a - b),
        );
      }
      const expected = new Map([...byRoom].map(([room, users]) => [room, [...users].sort((a, b) => a - b)]));
      expect(found).to.deep.equal(expected);
      expect(watchers.size).to.equal([...byRoom.values()].reduce((sum, { size }) => sum + size, 0));
      expect(watchers.rooms).to.equal([...byRoom.values()].filter(({ size }) => size > 0).length);
      for (let user = 0; user < 200; user++) {
        const rooms = [...byRoom.values()].filter((users) => users.has(user)).length;
        expect(watchers.count(user)).to.equal(rooms);
      }
    });
  }

  it('grows beyond its first arrays', () => {
    const watchers = new RoomWatchers();
    for (let user = 0; user < 300; user++) for (let room = 1; room <= 40; room++) watchers.addNew(user, room);
    expect([watchers.size, watchers.rooms, watchers.count(299)]).to.deep.equal([12_000, 40, 40]);
    for (let user = 0; user < 300; user++) watchers.removeAll(user);
    expect([watchers.size, watchers.rooms]).to.deep.equal([0, 0]);
  });
});
