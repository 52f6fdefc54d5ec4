import { expect } from 'chai';
import {
  ALL,
  ann,
  bob,
  JournalReader,
  notices,
  SUITE_JOURNAL_LIMIT,
  SUITE_LIMIT,
  type ThreeNodes,
} from './fixture.js';

/** Tests of the journal of changes. */
export function describeJournal(stage: () => ThreeNodes): void {
  describe('the journal', () => {
    let reader: JournalReader;
    beforeEach(() => {
      reader = new JournalReader(stage().fixture.openJournal());
    });

    it('records nothing before it begins, and after it has ended', async () => {
      const { a } = stage();
      await a.join('a', 7, ann);
      expect(await reader.read()).to.deep.equal([]);
      await reader.begin();
      expect(await reader.read()).to.deep.equal([]);
      await a.leave('a', 7, ann);
      for (const partition of reader.journal.partitions) await reader.journal.end(partition);
      await a.join('a', 7, ann);
      expect(await reader.read()).to.deep.equal([]);
      expect((await reader.page(7)).recording).to.equal(false);
    });

    it('has each first join and last leave of a user, over all nodes, with its time', async () => {
      const { a, b, fixture } = stage();
      await reader.begin();
      const from = Date.now() - 60_000;
      await a.join('a', 7, ann);
      await b.join('b', 7, ann);
      await a.leave('a', 7, ann);
      await a.join('a', 7, bob);
      await a.join('a', 8, bob);
      await b.leave('b', 7, ann);
      await b.leave('b', 7, ann);
      const { changes } = await reader.page(7);
      for (const { at } of changes) expect(at).to.be.within(from, Date.now() + 60_000);
      const found = ['joined 1', 'joined 2', 'left 1'];
      expect(await reader.read(7)).to.deep.equal(found);
      expect(await notices(fixture, 7)).to.deep.equal(found);
      expect(await reader.read()).to.deep.equal([]);
    });

    it('has the departures of a dead node once, however many nodes reap', async () => {
      const { a, b, c } = stage();
      await reader.begin();
      for (let id = 1; id <= 200; id++) await a.join('a', (id % 5) + 1, { id, username: `u${id}` });
      await b.join('b', 1, bob);
      await stage().die(a, 'a');
      await Promise.all([b.reap('a', 'b'), c.reap('a', 'c')]);
      const changes = await reader.read();
      const left = changes.filter((change) => change.startsWith('left'));
      expect(left).to.have.members(Array.from({ length: 200 }, (_, index) => `left ${index + 1}`));
      expect(changes).to.have.length(401);
    });

    it('has no change when users move between nodes, one of which is released', async () => {
      const { a, b, fixture } = stage();
      await a.join('a', 7, ann);
      await a.join('a', 7, bob);
      await reader.begin();
      await a.release('a', 500);
      await b.join('b', 7, ann);
      await fixture.pass(505);
      await b.reap('a', 'b');
      expect(await reader.read()).to.deep.equal(['left 2']);
    });

    it('records rooms that are too large for announcements', async () => {
      const { a, b } = stage();
      await reader.begin();
      const crowd = Array.from({ length: SUITE_LIMIT + 10 }, (_, index) => ({
        id: index + 1,
        username: 'u',
      }));
      for (const member of crowd) await a.join('a', 7, member);
      expect(await reader.read(7)).to.deep.equal(crowd.map(({ id }) => `joined ${id}`));
      await a.leave('a', 7, { id: 1, username: 'u' });
      expect(await reader.read(7)).to.deep.equal(['left 1']);
      await stage().die(a, 'a');
      await b.reap('a', 'b');
      expect(await reader.read(7)).to.have.length(SUITE_LIMIT + 9);
    });

    it('is in the order of the decisions under concurrent changes', async () => {
      const { a, b, fixture } = stage();
      await reader.begin();
      const users = Array.from({ length: 20 }, (_, index) => ({ id: index + 1, username: `u${index}` }));
      for (let round = 0; round < 5; round++) {
        await Promise.all(users.flatMap((user) => [a.join('a', 7, user), b.join('b', 7, user)]));
        await Promise.all(users.flatMap((user) => [a.leave('a', 7, user), b.leave('b', 7, user)]));
      }
      const changes = await reader.read(7);
      expect(changes).to.have.length(200);
      expect(await notices(fixture, 7)).to.deep.equal(changes);
    });

    it('is read in pages, and keeps what is not settled', async () => {
      const { a } = stage();
      await reader.begin();
      for (let id = 1; id <= 5; id++) await a.join('a', 7, { id, username: `u${id}` });
      const partition = reader.partitionOf(7);
      const start = reader.position(partition);
      const page = async (position: string, limit: number) => {
        const { pages, more } = await reader.journal.read(new Map([[partition, position]]), limit);
        return { changes: pages[0]?.changes ?? [], more };
      };
      const first = await page(start, 2);
      expect([first.changes.map(({ userId }) => userId), first.more]).to.deep.equal([[1, 2], true]);
      const position = first.changes[1]?.position ?? '';
      await reader.journal.settle(partition, position);
      await reader.journal.settle(partition, start);
      const second = await page(start, 10);
      expect([second.changes.map(({ userId }) => userId), second.more]).to.deep.equal([[3, 4, 5], false]);
    });

    it('stops when it is full, without a gap, until it begins again', async () => {
      const { a } = stage();
      await reader.begin();
      const join = (id: number) => a.join('a', 7, { id, username: 'u' });
      for (let id = 1; id <= SUITE_JOURNAL_LIMIT + 5; id++) await join(id);
      const partition = reader.partitionOf(7);
      expect((await reader.page(7)).recording).to.equal(false);
      expect(await reader.journal.begin(partition, reader.position(partition))).to.equal(false);
      const changes = await reader.read(7);
      expect(changes).to.have.length(SUITE_JOURNAL_LIMIT);
      expect(changes.at(-1)).to.equal(`joined ${SUITE_JOURNAL_LIMIT}`);
      await join(5_000);
      await reader.begin();
      await join(5_001);
      expect(await reader.read(7)).to.deep.equal(['joined 5001']);
    });

    it('returns the members of rooms together with the changes that led to them', async () => {
      const { a, b } = stage();
      await a.join('a', 7, ann);
      await b.join('b', 7, bob);
      await reader.begin();
      await a.leave('a', 7, ann);
      await stage().die(b, 'b');
      const partition = reader.partitionOf(7);
      expect((await reader.journal.rooms(partition)).get(7)).to.be.within(1, 2);
      const { incarnation = '' } = await reader.page(7);
      const take = (limit: number, of = incarnation) =>
        reader.journal.snapshot(partition, [7, 7 + 64], {
          ...{ position: reader.position(partition), incarnation: of, limit },
        });
      const snapshot = await take(ALL);
      // His departure is not decided yet.
      expect([...(snapshot?.members ?? [])]).to.deep.equal([
        [7, [2]],
        [71, []],
      ]);
      expect(snapshot?.changes.map(({ userId, joined }) => [userId, joined])).to.deep.equal([[1, false]]);
      const short = await take(0);
      expect([short?.changes.length, short?.members.size]).to.deep.equal([0, 0]);
      expect(await take(ALL, '0123:456')).to.equal(undefined);
      await reader.journal.end(partition);
      expect(await take(ALL)).to.equal(undefined);
    });

    it('knows of one incarnation, and of the longest lease', async () => {
      const { a } = stage();
      const first = await reader.page(7);
      await a.join('a', 7, ann);
      const second = await reader.page(7);
      expect(second.incarnation).to.be.a('string').and.to.equal(first.incarnation);
      expect([first.settled, second.settled]).to.deep.equal([true, true]);
      expect(second.leaseMs).to.be.within(1, 60_000);
    });
  });
}
