import type { Member } from '@chorus/protocol';
import { expect } from 'chai';
import type { PresenceStore } from '../../presence-store.js';
import { ALL, ann, LEASE_MS, notices, SUITE_LIMIT, type ThreeNodes } from './fixture.js';

/** Tests of membership and its announcements. */
export function describeMembers(stage: () => ThreeNodes): void {
  describe('a room', () => {
    const names = (count: number, from = 1): Member[] =>
      Array.from({ length: count }, (_, index) => ({ id: from + index, username: `u${from + index}` }));
    const joinAll = (store: PresenceStore, nodeId: string, crowd: Member[]) =>
      Promise.all(crowd.map((member) => store.join(nodeId, 7, member)));

    it('announces joins and leaves up to a limit, counting users and not connections', async () => {
      const { a, b, c, fixture } = stage();
      const crowd = names(SUITE_LIMIT - 1);
      await joinAll(a, 'a', crowd);
      await joinAll(b, 'b', crowd);
      await c.join('c', 7, { id: 9_000, username: 'last' });
      await c.join('c', 7, { id: 9_001, username: 'silent' });
      expect((await notices(fixture)).slice(SUITE_LIMIT - 1)).to.deep.equal(['joined 9000']);
      await c.leave('c', 7, { id: 9_001, username: 'silent' });
      await c.leave('c', 7, { id: 9_000, username: 'last' });
      expect((await notices(fixture)).slice(SUITE_LIMIT)).to.deep.equal(['left 9000']);
      expect(await a.members(7, 0, ALL)).to.have.length(SUITE_LIMIT - 1);
    });

    it('announces the departures of a dead node only once it is small enough', async () => {
      const { a, b, fixture } = stage();
      await joinAll(a, 'a', names(2));
      await joinAll(b, 'b', names(SUITE_LIMIT, 10));
      await stage().die(b, 'b');
      expect(await a.reap('b', 'a')).to.equal(SUITE_LIMIT - 2);
      const left = (await notices(fixture)).filter((notice) => notice.startsWith('left'));
      expect(left).to.have.length(SUITE_LIMIT - 2);
      expect(await a.members(7, 0, ALL)).to.deep.equal(names(2));
    });
  });

  describe('a user', () => {
    it('on several nodes is one member, announced once', async () => {
      const { a, b, c, fixture } = stage();
      await a.join('a', 7, ann);
      await b.join('b', 7, ann);
      await c.join('c', 7, ann);
      expect(await a.members(7, 0, ALL)).to.deep.equal([ann]);
      await b.leave('b', 7, ann);
      await a.leave('a', 7, ann);
      expect(await a.members(7, 0, ALL)).to.deep.equal([ann]);
      expect(await notices(fixture)).to.deep.equal(['joined 1']);
      await c.leave('c', 7, ann);
      expect(await a.members(7, 0, ALL)).to.deep.equal([]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1']);
    });

    it('is announced once when three nodes add them concurrently', async () => {
      const { a, b, c, fixture } = stage();
      await Promise.all([a.join('a', 7, ann), b.join('b', 7, ann), c.join('c', 7, ann)]);
      expect(await notices(fixture)).to.deep.equal(['joined 1']);
      await Promise.all([a.leave('a', 7, ann), b.leave('b', 7, ann), c.leave('c', 7, ann)]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1']);
    });

    it('who moves to another node neither leaves nor joins', async () => {
      const { a, b, fixture } = stage();
      await a.join('a', 7, ann);
      await b.join('b', 7, ann);
      await a.leave('a', 7, ann);
      expect(await notices(fixture)).to.deep.equal(['joined 1']);
      expect(await a.members(7, 0, ALL)).to.deep.equal([ann]);
    });

    it('is not changed by repeated calls', async () => {
      const { a, b, fixture } = stage();
      await b.leave('b', 7, ann);
      await a.join('a', 7, ann);
      await a.join('a', 7, ann);
      await a.leave('a', 7, ann);
      await a.leave('a', 7, ann);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1']);
      expect(await a.members(7, 0, ALL)).to.deep.equal([]);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
    });

    it('joins and leaves each room separately', async () => {
      const { a, fixture } = stage();
      await a.join('a', 7, ann);
      await a.join('a', 8, ann);
      await a.leave('a', 7, ann);
      expect(await notices(fixture, 7)).to.deep.equal(['joined 1', 'left 1']);
      expect(await notices(fixture, 8)).to.deep.equal(['joined 1']);
      expect(await a.members(8, 0, ALL)).to.deep.equal([ann]);
    });

    it('is announced with the frame that clients receive', async () => {
      const { a, fixture } = stage();
      await a.join('a', 7, ann);
      await a.leave('a', 7, ann);
      const about = { roomId: 7, username: 'ann', userId: 1 };
      expect(await fixture.announced()).to.deep.equal([
        { type: 'joined', content: 'A new user has join the room', ...about },
        { type: 'left', content: 'user left the chat', ...about },
      ]);
    });

    it('may have any name and any id', async () => {
      const { a, b, c, fixture } = stage();
      const members = [
        { id: 1, username: `"quoted" 'twice' \\ back` },
        { id: 2, username: '<b onload=x>&amp;</b>' },
        { id: 3, username: 'Zoë 🚀 שלום ‮' },
        { id: 4, username: 'a,b:c,:d@e{f}' },
        { id: 5, username: '12345678,:x' },
        { id: 6, username: '\u0000 \n\r\t' },
        { id: 7, username: 'x'.repeat(300) },
        { id: Number.MAX_SAFE_INTEGER - 1, username: '' },
        { id: Number.MAX_SAFE_INTEGER, username: 'last' },
      ];
      const room = Number.MAX_SAFE_INTEGER;
      for (const member of members) {
        await a.join('a', room, member);
        await b.join('b', room, member);
      }
      expect(await c.members(room, 0, ALL)).to.deep.equal(members);
      expect(await c.everyone(0, ALL)).to.deep.equal(members);
      for (const member of members.slice(0, 4)) await a.leave('a', room, member);
      await stage().die(b, 'b');
      expect(await c.reap('b', 'c')).to.equal(4);
      const left = (await fixture.announced()).filter((frame) => frame.type === 'left');
      expect(left.map(({ userId, username }) => ({ id: userId, username }))).to.have.deep.members(
        members.slice(0, 4),
      );
      expect(await c.members(room, 0, ALL)).to.deep.equal(members.slice(4));
    });
  });
}
