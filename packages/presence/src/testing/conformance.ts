import type { Member, PresenceFrame } from '@chorus/protocol';
import { expect } from 'chai';
import { NoLeaseError, type PresenceStore } from '../presence-store.js';

/** What the suite needs of an implementation. Each fixture starts empty. */
export interface PresenceFixture {
  /** A store as one more process would open it; all of a fixture show the same presence. Its limit: {@link SUITE_LIMIT}. */
  open(): PresenceStore;
  /** Everything announced so far, in order of arrival. */
  announced(): Promise<PresenceFrame[]>;
  /** Returns when at least so many milliseconds have passed by the clock that leases follow. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Most members of a room in which the suite expects announcements. */
export const SUITE_LIMIT = 500;

/** The rooms that the suite uses, for fixtures that cannot listen to all rooms at once. */
export const SUITE_ROOMS: readonly number[] = [
  ...Array.from({ length: 70 }, (_, index) => index + 1),
  Number.MAX_SAFE_INTEGER,
];

const LEASE_MS = 60_000;
const ALL = 10_000;
const ann: Member = { id: 1, username: 'ann' };
const bob: Member = { id: 2, username: 'bob' };
const cyd: Member = { id: 3, username: 'cyd' };

/** A fixture of an implementation whose data can get lost while its users live on. */
export interface LossyPresenceFixture extends PresenceFixture {
  /** Empties the store behind everybody's back. */
  loseData(): Promise<void>;
}

/** Mocha tests of the guarantees of {@link PresenceStore}, all but those about lost data. */
export function describePresenceStore(name: string, createFixture: () => Promise<PresenceFixture>): void {
  describe(`presence: ${name}`, () => {
    let fixture: PresenceFixture;
    /** Three nodes, each with a store of its own. */
    let a: PresenceStore;
    let b: PresenceStore;
    let c: PresenceStore;

    beforeEach(async () => {
      fixture = await createFixture();
      [a, b, c] = [fixture.open(), fixture.open(), fixture.open()];
      await a.renew('a', LEASE_MS);
      await b.renew('b', LEASE_MS);
      await c.renew('c', LEASE_MS);
    });

    afterEach(async () => {
      await Promise.all([a.close(), b.close(), c.close()]);
      await fixture.close();
    });

    /** A node stops renewing, and its lease ends. */
    async function die(store: PresenceStore, nodeId: string): Promise<void> {
      await store.renew(nodeId, 1);
      await fixture.pass(5);
    }

    /** One more node with a lease. */
    async function another(nodeId: string): Promise<PresenceStore> {
      const store = fixture.open();
      await store.renew(nodeId, LEASE_MS);
      return store;
    }

    describe('leases', () => {
      it('tell a node whether what it wrote is still there', async () => {
        const store = fixture.open();
        expect(await store.renew('d', LEASE_MS)).to.deep.equal({ entries: 'missing', leftMs: 0 });
        expect((await store.renew('d', LEASE_MS)).entries).to.equal('kept');
      });

      it('are needed to join', async () => {
        const error = await fixture
          .open()
          .join('d', 7, ann)
          .catch((error: unknown) => error);
        expect(error).to.be.instanceOf(NoLeaseError);
        expect(await b.members(7, 0, ALL)).to.deep.equal([]);
      });

      it('tell how long they would have lasted', async () => {
        const store = await another('d');
        expect((await store.renew('d', 1)).leftMs).to.be.within(LEASE_MS / 2, LEASE_MS);
        await fixture.pass(5);
        expect((await store.renew('d', LEASE_MS)).leftMs).to.equal(0);
      });

      it('hide the members of a node from every answer when they end', async () => {
        await a.join('a', 7, ann);
        await b.join('b', 7, bob);
        await die(a, 'a');
        expect(await b.members(7, 0, ALL)).to.deep.equal([bob]);
        expect(await b.everyone(0, ALL)).to.deep.equal([bob]);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
      });

      it('can be renewed after their end as long as nobody reaped the node', async () => {
        await a.join('a', 7, ann);
        await die(a, 'a');
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
        expect(await b.expired()).to.deep.equal([]);
        expect(await b.reap('a', 'b')).to.equal(0);
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
      });

      it('stay intact under many changes at once', async () => {
        const crowd = Array.from({ length: 300 }, (_, index) => ({ id: index + 1, username: `u${index}` }));
        await Promise.all(crowd.map((member) => a.join('a', (member.id % 9) + 1, member)));
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
        await Promise.all([
          ...crowd.slice(0, 150).map((member) => a.leave('a', (member.id % 9) + 1, member)),
          a.renew('a', LEASE_MS),
        ]);
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
        expect(await b.everyone(0, ALL)).to.deep.equal(crowd.slice(150));
      });
    });

    describe('a room', () => {
      const names = (count: number, from = 1): Member[] =>
        Array.from({ length: count }, (_, index) => ({ id: from + index, username: `u${from + index}` }));
      const joinAll = (store: PresenceStore, nodeId: string, crowd: Member[]) =>
        Promise.all(crowd.map((member) => store.join(nodeId, 7, member)));

      it('is told who comes and goes up to a limit, counting users and not connections', async () => {
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

      it('is told who died with a node only once it is small enough', async () => {
        await joinAll(a, 'a', names(2));
        await joinAll(b, 'b', names(SUITE_LIMIT, 10));
        await die(b, 'b');
        expect(await a.reap('b', 'a')).to.equal(SUITE_LIMIT - 2);
        const left = (await notices(fixture)).filter((notice) => notice.startsWith('left'));
        expect(left).to.have.length(SUITE_LIMIT - 2);
        expect(await a.members(7, 0, ALL)).to.deep.equal(names(2));
      });
    });

    describe('a user', () => {
      it('on several nodes is one member, announced once', async () => {
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

      it('is announced once when three nodes add them at the same moment', async () => {
        await Promise.all([a.join('a', 7, ann), b.join('b', 7, ann), c.join('c', 7, ann)]);
        expect(await notices(fixture)).to.deep.equal(['joined 1']);
        await Promise.all([a.leave('a', 7, ann), b.leave('b', 7, ann), c.leave('c', 7, ann)]);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1']);
      });

      it('who moves to another node neither leaves nor joins', async () => {
        await a.join('a', 7, ann);
        await b.join('b', 7, ann);
        await a.leave('a', 7, ann);
        expect(await notices(fixture)).to.deep.equal(['joined 1']);
        expect(await a.members(7, 0, ALL)).to.deep.equal([ann]);
      });

      it('is not changed by repeated calls', async () => {
        await b.leave('b', 7, ann);
        await a.join('a', 7, ann);
        await a.join('a', 7, ann);
        await a.leave('a', 7, ann);
        await a.leave('a', 7, ann);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1']);
        expect(await a.members(7, 0, ALL)).to.deep.equal([]);
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
      });

      it('joins and leaves each room by itself', async () => {
        await a.join('a', 7, ann);
        await a.join('a', 8, ann);
        await a.leave('a', 7, ann);
        expect(await notices(fixture, 7)).to.deep.equal(['joined 1', 'left 1']);
        expect(await notices(fixture, 8)).to.deep.equal(['joined 1']);
        expect(await a.members(8, 0, ALL)).to.deep.equal([ann]);
      });

      it('is announced with the frame that clients receive', async () => {
        await a.join('a', 7, ann);
        await a.leave('a', 7, ann);
        const seed = { roomId: 7, username: 'ann', userId: 1 };
        expect(await fixture.announced()).to.deep.equal([
          { type: 'joined', content: 'A new user has join the room', ...seed },
          { type: 'left', content: 'user left the chat', ...seed },
        ]);
      });

      it('may have any name and any id', async () => {
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
        await die(b, 'b');
        expect(await c.reap('b', 'c')).to.equal(4);
        const left = (await fixture.announced()).filter((frame) => frame.type === 'left');
        expect(left.map(({ userId, username }) => ({ id: userId, username }))).to.have.deep.members(
          members.slice(0, 4),
        );
        expect(await c.members(room, 0, ALL)).to.deep.equal(members.slice(4));
      });
    });

    describe('lists', () => {
      it('are sorted by id and read page by page', async () => {
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

      it('of everybody go over all rooms, each user once', async () => {
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

      it('of the busiest rooms count each user once, and nobody of a dead node', async () => {
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
        await die(c, 'c');
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

      it('of the busiest rooms name the one with the lower id first when they are equal', async () => {
        for (const roomId of [70, 6, 10]) await a.join('a', roomId, ann);
        expect((await b.busiest(2)).map(({ roomId }) => roomId)).to.deep.equal([6, 10]);
      });

      it('are empty for a room without members', async () => {
        expect(await a.members(7, 0, ALL)).to.deep.equal([]);
        expect(await a.everyone(0, ALL)).to.deep.equal([]);
        expect(await a.busiest(10)).to.deep.equal([]);
      });
    });

    describe('reaping', () => {
      it('announces each departure once, however many do it', async () => {
        const expected: string[] = [];
        for (let id = 1; id <= 200; id++) {
          await a.join('a', (id % 5) + 1, { id, username: `u${id}` });
          expected.push(`left ${id}`);
        }
        await b.join('b', 1, bob);
        await die(a, 'a');
        expect(await b.expired()).to.deep.equal(['a']);
        const counts = await Promise.all([
          b.reap('a', 'b'),
          c.reap('a', 'c'),
          (await another('d')).reap('a', 'd'),
        ]);
        expect(counts.reduce((sum, count) => sum + count)).to.equal(200);
        const left = (await notices(fixture)).filter((notice) => notice.startsWith('left'));
        expect(left).to.have.members(expected);
        expect(await b.expired()).to.deep.equal([]);
        expect(await b.reap('a', 'b')).to.equal(0);
        expect(await b.everyone(0, ALL)).to.deep.equal([bob]);
      });

      it('does not touch a live node', async () => {
        await a.join('a', 7, ann);
        expect(await b.expired()).to.deep.equal([]);
        expect(await b.reap('a', 'b')).to.equal(0);
        expect(await b.reap('nobody', 'b')).to.equal(0);
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
      });

      it('is for nodes whose own lease has not ended', async () => {
        await a.join('a', 7, ann);
        await die(a, 'a');
        await die(c, 'c');
        expect(await c.reap('a', 'c')).to.equal(0);
        expect(await fixture.open().reap('a', 'nobody')).to.equal(0);
        expect(await notices(fixture)).to.deep.equal(['joined 1']);
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
      });

      it('does not announce users who are there through another node', async () => {
        await a.join('a', 7, ann);
        await a.join('a', 7, bob);
        await b.join('b', 7, bob);
        await die(a, 'a');
        // Not announced either: nobody has announced that she left.
        await c.join('c', 7, ann);
        expect(await b.reap('a', 'b')).to.equal(0);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann, bob]);
        await c.leave('c', 7, ann);
        await b.leave('b', 7, bob);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'left 1', 'left 2']);
      });

      it('announces a user of two dead nodes once', async () => {
        await a.join('a', 7, ann);
        await b.join('b', 7, ann);
        await die(a, 'a');
        await die(b, 'b');
        expect(await c.expired()).to.have.members(['a', 'b']);
        await Promise.all([c.reap('a', 'c'), c.reap('b', 'c'), (await another('d')).reap('a', 'd')]);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1']);
      });

      it('makes the node write everything again, and announces who is back', async () => {
        await a.join('a', 7, ann);
        await die(a, 'a');
        await b.reap('a', 'b');
        expect(await a.renew('a', LEASE_MS)).to.deep.equal({ entries: 'reaped', leftMs: 0 });
        expect(await b.members(7, 0, ALL)).to.deep.equal([]);
        await a.join('a', 7, ann, true);
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1', 'joined 1']);
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
      });

      it('refuses a node that does not know yet that it is dead', async () => {
        await die(a, 'a');
        await b.reap('a', 'b');
        const error = await a.join('a', 7, ann).catch((error: unknown) => error);
        expect(error).to.be.instanceOf(NoLeaseError);
        await a.leave('a', 7, ann);
        expect(await notices(fixture)).to.deep.equal([]);
        expect((await a.renew('a', LEASE_MS)).entries).to.equal('reaped');
        await a.join('a', 7, ann);
        expect(await notices(fixture)).to.deep.equal(['joined 1']);
      });

      it('leaves alone what the node writes after coming back, even at the same moment', async () => {
        const crowd = Array.from({ length: 200 }, (_, index) => ({ id: index + 1, username: `u${index}` }));
        for (const member of crowd) await a.join('a', (member.id % 3) + 1, member);
        await die(a, 'a');
        const comeBack = async (): Promise<void> => {
          do {
            await a.renew('a', LEASE_MS);
            const calls = crowd.map((member) => a.join('a', (member.id % 3) + 1, member, true));
            await Promise.allSettled(calls);
          } while ((await a.renew('a', LEASE_MS)).entries !== 'kept');
        };
        await Promise.all([b.reap('a', 'b'), comeBack(), c.reap('a', 'c')]);
        expect(await b.everyone(0, ALL)).to.deep.equal(crowd);
        const seen = new Map<number, string>();
        for (const { type, userId } of await fixture.announced()) {
          expect(type, `user ${userId} after ${seen.get(userId)}`).not.to.equal(seen.get(userId));
          seen.set(userId, type);
        }
        expect([...seen.values()]).to.deep.equal(crowd.map(() => 'joined'));
      });
    });

    describe('release', () => {
      it('keeps the entries for the grace, so that users can change nodes unannounced', async () => {
        await a.join('a', 7, ann);
        await a.join('a', 7, bob);
        await a.release('a', 500);
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann, bob]);
        expect(await b.expired()).to.deep.equal([]);
        await b.join('b', 7, ann);
        await fixture.pass(505);
        expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
        expect(await b.expired()).to.deep.equal(['a']);
        expect(await b.reap('a', 'b')).to.equal(1);
        expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'left 2']);
      });

      it('does nothing for a node without a lease', async () => {
        await a.release('nobody', 10);
        expect(await a.expired()).to.deep.equal([]);
      });
    });
  });
}

/** Mocha tests of what a store that can lose its data guarantees beyond {@link describePresenceStore}. */
export function describeLossyPresenceStore(
  name: string,
  createFixture: () => Promise<LossyPresenceFixture>,
): void {
  describe(`presence after a loss of data: ${name}`, () => {
    let fixture: LossyPresenceFixture;
    let a: PresenceStore;
    let b: PresenceStore;

    beforeEach(async () => {
      fixture = await createFixture();
      [a, b] = [fixture.open(), fixture.open()];
      await a.renew('a', LEASE_MS);
      await b.renew('b', LEASE_MS);
      await a.join('a', 7, ann);
      await b.join('b', 7, ann);
      await b.join('b', 7, bob);
      await fixture.loseData();
    });

    afterEach(async () => {
      await Promise.all([a.close(), b.close()]);
      await fixture.close();
    });

    it('nodes write everything again, and nobody enters anew', async () => {
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('missing');
      expect((await b.renew('b', LEASE_MS)).entries).to.equal('missing');
      await a.join('a', 7, ann, true);
      await b.join('b', 7, ann, true);
      await b.join('b', 7, bob, true);
      await b.join('b', 7, cyd);
      expect(await a.members(7, 0, ALL)).to.deep.equal([ann, bob, cyd]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'joined 3']);
      await a.leave('a', 7, ann);
      await b.leave('b', 7, ann);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'joined 3', 'left 1']);
    });

    it('a node that has not noticed yet is refused', async () => {
      const error = await a.join('a', 7, cyd).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(NoLeaseError);
      await a.leave('a', 7, ann);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('missing');
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
    });
  });
}

/** Announcements as `joined 1`, `left 1`: those of one room, or of all. */
async function notices(fixture: PresenceFixture, roomId?: number): Promise<string[]> {
  const frames = await fixture.announced();
  return frames
    .filter((frame) => roomId === undefined || frame.roomId === roomId)
    .map((frame) => `${frame.type} ${frame.userId}`);
}
