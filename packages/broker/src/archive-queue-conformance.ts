import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ArchiveQueue, Backlog, HistoryLimits } from './archive-queue.js';
import { BacklogFullError, type Broker, type Position, RoomNotFoundError } from './broker.js';
import type { BrokerFixture, MakeBrokerFixture } from './conformance-fixture.js';
import { failure, Recorder, someRoom } from './conformance-recorder.js';
import type { RoomDirectory } from './room-directory.js';

const NOWHERE = { epoch: 0, seq: 0 };
const FAR_AWAY = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };
const KEEP_ALL: HistoryLimits = { size: 1_000_000, maxAgeMs: 0 };
/** Longer than any test. */
const LEASE_MS = 60_000;
const BODY = '"content":"x"}';
const COST = BODY.length + 128;

/** What every {@link ArchiveQueue} has to do. */
export function describeArchiveQueue(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`archive queue: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let queue: ArchiveQueue;
    let broker: Broker;
    let recorder: Recorder;

    const open = async (maxBacklogBytes?: number): Promise<void> => {
      await fixture?.close();
      fixture = await makeFixture(maxBacklogBytes === undefined ? {} : { maxBacklogBytes });
      directory = fixture.directory();
      await directory.markComplete();
      queue = fixture.queue();
      recorder = new Recorder();
      broker = await fixture.connect(recorder);
    };
    beforeEach(() => open());
    afterEach(() => fixture.close());

    const newRoom = async (roomId = someRoom(), seq = 0): Promise<number> => {
      await directory.ensure(roomId, seq);
      return roomId;
    };

    const publish = (roomId: number, count = 1): Promise<Position[]> =>
      Promise.all(Array.from({ length: count }, () => broker.publish(roomId, BODY)));

    /** The only room that can be claimed at the moment. */
    const claim = async (maxMessages = 1_000, leaseMs = LEASE_MS): Promise<Backlog> => {
      const claimed = await queue.claim(10, maxMessages, leaseMs);
      expect(claimed, 'one room').to.have.length(1);
      return claimed[0] as Backlog;
    };

    const last = (backlog: Backlog): Position => backlog.messages.at(-1) ?? backlog.after;
    const seqs = (messages: readonly Position[]): number[] => messages.map(({ seq }) => seq);
    const kept = async (roomId: number): Promise<number[]> =>
      seqs(await broker.between(roomId, NOWHERE, FAR_AWAY, 10_000));

    /** Claims until there is something, for what becomes due with time. */
    const eventually = async (other = queue): Promise<Backlog[]> => {
      for (;;) {
        const claimed = await other.claim(10, 1_000, LEASE_MS);
        if (claimed.length > 0) return claimed;
        await sleep(5);
      }
    };

    it('hands out what is not stored, as it was published', async () => {
      const [roomId, quiet] = [await newRoom(), await newRoom()];
      const bodies = ['"content":"é 🙂"}', '"content":"\\n"}', BODY];
      const places: Position[] = [];
      for (const body of bodies) places.push(await broker.publish(roomId, body));
      expect(await claim()).to.deep.equal({
        roomId,
        after: NOWHERE,
        messages: places.map((place, index) => ({ ...place, body: bodies[index] })),
      });
      expect(await queue.claim(10, 10, LEASE_MS), String(quiet)).to.deep.equal([]);
    });

    it('hands out the rooms first that wait longest', async () => {
      const first = await newRoom();
      // In the same partition; the order of their ids is not the one they are published in.
      const rooms = [first + 64, first, first + 192, first + 128];
      for (const roomId of rooms) {
        await newRoom(roomId);
        await publish(roomId);
        await sleep(3);
      }
      await publish(first + 128);
      const claimed: number[] = [];
      for (let n = 0; n < 2; n++) {
        claimed.push(...(await queue.claim(2, 10, LEASE_MS)).map(({ roomId }) => roomId));
      }
      expect(claimed).to.deep.equal(rooms);
    });

    it('hands out every room once, however few are taken at a time', async () => {
      const rooms = new Set(await Promise.all(Array.from({ length: 150 }, () => newRoom())));
      await Promise.all([...rooms].map((roomId) => publish(roomId)));
      for (;;) {
        const claimed = await queue.claim(7, 10, LEASE_MS);
        expect(claimed.length).to.be.at.most(7);
        if (claimed.length === 0) break;
        for (const { roomId } of claimed) expect(rooms.delete(roomId)).to.equal(true);
      }
      expect(rooms.size).to.equal(0);
    });

    it('leaves a claimed room to whoever has it, whatever is published', async () => {
      const roomId = await newRoom();
      await publish(roomId);
      await claim();
      await publish(roomId, 3);
      expect(await queue.claim(10, 10, LEASE_MS)).to.deep.equal([]);
      expect(await fixture.queue().claim(10, 10, LEASE_MS)).to.deep.equal([]);
    });

    it('hands a room out again when the lease of whoever had it has ended', async () => {
      const roomId = await newRoom();
      const [place] = await publish(roomId);
      const leaseMs = 150;
      const begun = performance.now();
      await claim(10, leaseMs);
      const [again] = await eventually(fixture.queue());
      expect(performance.now() - begun).to.be.at.least(leaseMs - 5);
      expect(again).to.deep.include({ roomId, after: NOWHERE });
      expect(seqs(again?.messages ?? [])).to.deep.equal([place?.seq]);
    });

    it('hands a room with many messages out piece by piece', async () => {
      const roomId = await newRoom();
      await publish(roomId, 10);
      const pieces: number[][] = [];
      for (let after = NOWHERE; pieces.length < 3; ) {
        const backlog = await claim(4);
        expect(backlog.after).to.deep.equal(after);
        pieces.push(seqs(backlog.messages));
        after = { epoch: last(backlog).epoch, seq: last(backlog).seq };
        await queue.settle(roomId, after, KEEP_ALL);
      }
      expect(pieces).to.deep.equal([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [9, 10],
      ]);
      expect(await queue.claim(10, 10, LEASE_MS)).to.deep.equal([]);
      expect(await queue.backlog()).to.deep.equal({ bytes: 0, rooms: 0 });
    });

    it('hands out a message that was published between claim and settle, and one after it', async () => {
      const roomId = await newRoom();
      for (let round = 1; round <= 5; round += 2) {
        await publish(roomId);
        const backlog = await claim();
        await publish(roomId);
        await queue.settle(roomId, last(backlog), KEEP_ALL);
        const next = await claim();
        expect(seqs(next.messages)).to.deep.equal([round + 1]);
        await queue.settle(roomId, last(next), KEEP_ALL);
      }
    });

    it('trims nothing that is not settled, and then all but the newest', async () => {
      const roomId = await newRoom();
      const places = await publish(roomId, 500);
      await claim();
      expect((await kept(roomId)).length).to.equal(500);
      await queue.settle(roomId, places[299] as Position, { size: 100, maxAgeMs: 0 });
      expect(await kept(roomId)).to.deep.equal(Array.from({ length: 200 }, (_, n) => 301 + n));
      await queue.settle(roomId, places[499] as Position, { size: 7, maxAgeMs: 0 });
      expect(await kept(roomId)).to.deep.equal(seqs(places.slice(-7)));
      await queue.settle(roomId, places[499] as Position, { size: 0, maxAgeMs: 0 });
      expect(await kept(roomId)).to.deep.equal([]);
      expect(await broker.position(roomId)).to.deep.equal(places[499]);
      expect(seqs(await publish(roomId))).to.deep.equal([501]);
    });

    it('counts the newest over epochs, and in rooms whose numbers begin late', async () => {
      const roomId = await newRoom(someRoom(), 1_000);
      const [before] = await publish(roomId, 4);
      await broker.position(roomId, { epoch: before?.epoch ?? 0, seq: 5_000 });
      await publish(roomId, 4);
      const backlog = await claim();
      await queue.settle(roomId, backlog.messages[2] as Position, { size: 1, maxAgeMs: 0 });
      expect(await kept(roomId)).to.deep.equal([1_004, 1_005, 1_006, 1_007, 1_008]);
      await queue.settle(roomId, last(backlog), { size: 6, maxAgeMs: 0 });
      expect(await kept(roomId)).to.deep.equal([1_004, 1_005, 1_006, 1_007, 1_008]);
      await queue.settle(roomId, last(backlog), { size: 2, maxAgeMs: 0 });
      expect(await kept(roomId)).to.deep.equal([1_007, 1_008]);
    });

    it('trims what is too old, when it becomes so, if it is settled', async () => {
      const roomId = await newRoom();
      const maxAgeMs = 3_000;
      const sent = async (ageMs: number): Promise<Position> =>
        broker.publish(roomId, `"content":"\\"sentAt\\":9999999999999","sentAt":${Date.now() - ageMs}}`);
      const keep = { size: 1_000, maxAgeMs };
      await Promise.all(Array.from({ length: 150 }, () => sent(5_000)));
      await sent(2_000);
      await sent(1_500);
      const unsettled = await sent(5_000);
      const backlog = await claim();
      await queue.settle(roomId, backlog.messages.at(-2) as Position, keep);
      expect(await kept(roomId)).to.deep.equal([151, 152, 153]);
      await claim();
      await queue.settle(roomId, unsettled, keep);
      expect(await queue.backlog()).to.deep.equal({ bytes: 0, rooms: 0 });

      // Claimed again just to be trimmed, in time.
      for (const left of [[152, 153], []]) {
        const [due] = await eventually();
        expect(due).to.deep.include({ roomId, messages: [] });
        await queue.settle(roomId, due?.after ?? NOWHERE, keep);
        expect(await kept(roomId)).to.deep.equal(left);
      }
      expect(await broker.stored(roomId)).to.deep.equal(unsettled);
    });

    it('hands a room that waits to be trimmed out at once when it has a message', async () => {
      const roomId = await newRoom();
      const publishNow = (): Promise<Position> => broker.publish(roomId, `"sentAt":${Date.now()}}`);
      await publishNow();
      await queue.settle(roomId, last(await claim()), { size: 10, maxAgeMs: LEASE_MS });
      expect(await queue.claim(10, 10, LEASE_MS)).to.deep.equal([]);
      const second = await publishNow();
      expect(seqs((await claim()).messages)).to.deep.equal([second.seq]);
    });

    it('hands a room that was claimed just to be trimmed out again if that did not happen', async () => {
      const roomId = await newRoom();
      await broker.publish(roomId, `"sentAt":${Date.now()}}`);
      await queue.settle(roomId, last(await claim()), { size: 10, maxAgeMs: 1_500 });
      for (;;) {
        if ((await queue.claim(10, 10, 30)).length > 0) break;
        await sleep(5);
      }
      const [again] = await eventually();
      expect(again).to.deep.include({ roomId, messages: [] });
    });

    it('never un-stores: of two that settle a room the one that is further wins', async () => {
      const roomId = await newRoom();
      const places = await publish(roomId, 6);
      await queue.settle(roomId, places[3] as Position, KEEP_ALL);
      await fixture.queue().settle(roomId, places[1] as Position, KEEP_ALL);
      await queue.settle(roomId, NOWHERE, KEEP_ALL);
      expect(await broker.stored(roomId)).to.deep.equal(places[3]);
      expect(await queue.backlog()).to.deep.equal({ bytes: 2 * COST, rooms: 1 });
      const backlog = await claim();
      expect(backlog.after).to.deep.equal(places[3]);
      expect(seqs(backlog.messages)).to.deep.equal([5, 6]);
    });

    it('settles nothing that is published later, whatever it is told', async () => {
      const roomId = await newRoom();
      const [first] = await publish(roomId);
      await queue.settle(roomId, { epoch: first?.epoch ?? 0, seq: 1_000 }, KEEP_ALL);
      await queue.settle(roomId, FAR_AWAY, KEEP_ALL);
      expect(await broker.stored(roomId)).to.deep.equal(first);
      await publish(roomId, 2);
      expect(seqs((await claim()).messages)).to.deep.equal([2, 3]);
      expect((await queue.backlog()).bytes).to.equal(2 * COST);
    });

    it('forgets a room that is removed, also while somebody has it', async () => {
      const [gone, other] = [await newRoom(), await newRoom()];
      await publish(other);
      await queue.claim(10, 10, LEASE_MS);
      // More than is removed in one go.
      const places = await publish(gone, 2_500);
      const backlog = await claim();
      await queue.settle(gone, places[99] as Position, KEEP_ALL);
      await directory.remove(gone);
      await queue.settle(gone, last(backlog), KEEP_ALL);
      expect(await queue.backlog()).to.deep.equal({ bytes: COST, rooms: 1 });
      expect(await queue.claim(10, 10, LEASE_MS)).to.deep.equal([]);
      expect(await broker.stored(gone)).to.deep.equal(NOWHERE);
      expect(await failure(broker.position(gone))).to.be.instanceOf(RoomNotFoundError);
    });

    it('settles nothing of a room by what an earlier room of the same id had', async () => {
      const roomId = await newRoom();
      await publish(roomId, 3);
      const before = await claim();
      await queue.settle(roomId, before.messages[0] as Position, KEEP_ALL);
      await directory.remove(roomId);
      await newRoom(roomId);
      await publish(roomId, 2);
      await queue.settle(roomId, last(before), { size: 0, maxAgeMs: 0 });
      expect(await broker.stored(roomId)).to.deep.equal(NOWHERE);
      expect(await kept(roomId)).to.deep.equal([1, 2]);
      expect(await queue.backlog()).to.deep.equal({ bytes: 2 * COST, rooms: 1 });
      const after = await claim();
      expect(after.after).to.deep.equal(NOWHERE);
      expect(seqs(after.messages)).to.deep.equal([1, 2]);
    });

    it('leaves everything as it is when a room that is known is made known', async () => {
      const roomId = await newRoom();
      const places = await publish(roomId, 3);
      await queue.settle(roomId, places[1] as Position, KEEP_ALL);
      await newRoom(roomId, 77);
      expect(await broker.stored(roomId)).to.deep.equal(places[1]);
      expect(seqs((await claim()).messages)).to.deep.equal([3]);
    });

    it('makes room in the budget for as much as is settled', async () => {
      await open(4 * COST);
      const roomId = await newRoom();
      await publish(roomId, 4);
      expect(await failure(broker.publish(roomId, BODY))).to.be.instanceOf(BacklogFullError);
      const backlog = await claim();
      expect(await failure(broker.publish(roomId, BODY))).to.be.instanceOf(BacklogFullError);
      await queue.settle(roomId, backlog.messages[1] as Position, KEEP_ALL);
      await publish(roomId, 2);
      expect(await failure(broker.publish(roomId, BODY))).to.be.instanceOf(BacklogFullError);
      expect((await queue.backlog()).bytes).to.equal(4 * COST);
      await directory.remove(roomId);
      await newRoom(roomId);
      await publish(roomId, 4);
    });

    it('tells whoever is subscribed how far a room is stored, each time that it gets further', async () => {
      const [roomId, other] = [await newRoom(), await newRoom()];
      const elsewhere = new Recorder();
      await (await fixture.connect(elsewhere)).subscribe(other);
      await broker.subscribe(roomId);
      expect(await broker.stored(roomId)).to.deep.equal(NOWHERE);
      const places = await publish(roomId, 3);
      for (const index of [0, 0, 2, 1]) await queue.settle(roomId, places[index] as Position, KEEP_ALL);
      await broker.publishNotice(roomId, '{}');
      await recorder.until('a notice behind all', () => recorder.notices.length === 1);
      expect(recorder.stored).to.deep.equal([
        { roomId, upTo: places[0] },
        { roomId, upTo: places[2] },
      ]);
      expect(await broker.stored(roomId)).to.deep.equal(places[2]);
      await publish(other);
      await elsewhere.until('a message', () => elsewhere.messages.length === 1);
      expect(elsewhere.stored).to.deep.equal([]);
    });
  });
}
