import { expect } from 'chai';
import { ALL, ann, type ThreeNodes } from './fixture.js';

/** Tests of the lists of members and rooms. */
export function describeLists(stage: () => ThreeNodes): void {
  describe('lists', () => {
    it('are sorted by id and read page by page', async () => {
      const { a, b, c } = stage();
      const ids = [1000, 9, 10, 2 ** 40, 100, 11];
      for (const id of ids) {
        await a.join('a', 7, { id, username: `u${id}` });
        await b.join('b', 7, { id, username: `u${id}` });
      }
      const page = async (after: number, limit: number) =>
        (await c.members(7, after, limit)).map((member) => member.id);
      expect(await page(0, 4)).to.deep.equal([9, 10, 11, 100]);
      expect(await page(100, 4)).to.deep.equal([1000, 2 ** 40]);
      expect(await page(2 ** 40, 4)).to.deep.equal([]);
      expect(await page(0, 0)).to.deep.equal([]);
    });

    it('of all users cover all rooms, each user once', async () => {
      const { a, b, c } = stage();
      for (let roomId = 1; roomId <= 70; roomId++) {
        await a.join('a', roomId, { id: roomId, username: `u${roomId}` });
        await b.join('b', roomId, { id: 71, username: 'everywhere' });
      }
      const ids = async (after: number, limit: number) =>
        (await c.everyone(after, limit)).map((member) => member.id);
      expect(await ids(0, ALL)).to.deep.equal(Array.from({ length: 71 }, (_, index) => index + 1));
      expect(await ids(60, 5)).to.deep.equal([61, 62, 63, 64, 65]);
      expect(await ids(69, 5)).to.deep.equal([70, 71]);
    });

    it('of the busiest rooms count each user once, and no user of a dead node', async () => {
      const { a, b, c } = stage();
      for (const [roomId, ids] of [
        [7, [1, 2, 3]],
        [8, [1, 2, 3, 4]],
        [9, [1]],
      ] as const) {
        for (const id of ids) await a.join('a', roomId, { id, username: `u${id}` });
      }
      await b.join('b', 7, { id: 1, username: 'u1' });
      await b.join('b', 7, { id: 2, username: 'u2' });
      await c.join('c', 71, ann);
      await c.join('c', 8, { id: 9, username: 'u9' });
      await stage().die(c, 'c');
      const rooms = [
        { roomId: 8, members: 4 },
        { roomId: 7, members: 3 },
        { roomId: 9, members: 1 },
      ];
      expect(await b.busiest(10)).to.deep.equal(rooms);
      expect(await b.busiest(2)).to.deep.equal(rooms.slice(0, 2));
      await a.leave('a', 9, { id: 1, username: 'u1' });
      expect(await b.busiest(10)).to.deep.equal(rooms.slice(0, 2));
    });

    it('of the busiest rooms sort equal rooms by id', async () => {
      const { a, b } = stage();
      for (const roomId of [70, 6, 10]) await a.join('a', roomId, ann);
      expect((await b.busiest(2)).map(({ roomId }) => roomId)).to.deep.equal([6, 10]);
    });

    it('are empty for a room without members', async () => {
      const { a } = stage();
      expect(await a.members(7, 0, ALL)).to.deep.equal([]);
      expect(await a.everyone(0, ALL)).to.deep.equal([]);
      expect(await a.busiest(10)).to.deep.equal([]);
    });
  });
}
