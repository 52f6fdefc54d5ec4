import { setTimeout as sleep } from 'node:timers/promises';
import { formatPosition, type Position, type ServerFrame, type V1ServerFrame } from '@chorus/protocol';
import type { FrameSocket, V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { RedisGatewayFixture } from '../testing/redis-gateways.js';

const BACKENDS: Readonly<Record<string, () => Promise<GatewayFixture>>> = {
  memory: async () => new GatewayFixture(),
  Redis: () => RedisGatewayFixture.open(),
};

/** Rate of live messages in the test with traffic. */
const PER_SECOND = 1_000;
const RESUMES = 80;
/** Clients that resume concurrently. */
const SIDE_BY_SIDE = 20;
/** Maximum number of messages that a client missed. */
const BEHIND = 3_000;
/** Live messages that each client waits for after the replay. */
const LIVE = 100;

for (const [backend, open] of Object.entries(BACKENDS)) {
  describe(`a client that resumes, over ${backend}`, () => {
    let fixture: GatewayFixture;
    let gateways: Gateway[];
    let bob: V1Socket;
    let start: Position;

    beforeEach(async () => {
      fixture = await open();
      const env = { MAX_MESSAGES_PER_SECOND: '100000', RECOVERY_MAX_MESSAGES: '50000', BATCH_WINDOW_MS: '1' };
      gateways = [await fixture.start(env), await fixture.start(env)];
      await fixture.directory.ensure(1, 0);
      bob = await fixture.connectV1(at(1), BOB);
      const { epoch, seq } = await bob.join(1);
      start = { epoch, seq };
    });
    afterEach(() => fixture.close());

    function at(index: number): Gateway {
      const gateway = gateways[index % gateways.length];
      if (gateway === undefined) throw new Error('no gateway');
      return gateway;
    }

    /** Bob publishes messages with these numbers; resolves when all members have received them. */
    async function say(from: number, to: number): Promise<void> {
      for (let index = from; index <= to; index++) {
        bob.send({ type: 'publish', roomId: 1, clientMsgId: `b${index}`, content: `message ${index}` });
      }
      await bob.next((frame) => frame.type === 'message' && frame.content === `message ${to}`);
    }

    const contents = (socket: V1Socket) => socket.messages().map(({ content }) => content);
    const numbered = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`);

    it('gets exactly the messages that it missed, then live ones', async () => {
      await say(1, 30);
      const ann = await fixture.connectV1(at(0), ANN);
      const joined = await ann.join(1, { ...start, seq: 10 });
      expect(joined).to.include({ recovered: true, epoch: start.epoch, seq: 30 });
      await say(31, 40);
      await ann.next((frame) => frame.type === 'message' && frame.content === 'message 40');
      expect(contents(ann)).to.deep.equal(numbered(11, 40));
      for (const message of ann.messages()) expect(bob.messages()).to.deep.include(message);
    });

    it('gets all messages from position 0, and none if it missed none', async () => {
      await say(1, 5);
      const ann = await fixture.connectV1(at(0), ANN);
      expect((await ann.join(1, start)).recovered).to.equal(true);
      const eve = await fixture.connectV1(at(0), ANN);
      expect((await eve.join(1, { ...start, seq: 5 })).recovered).to.equal(true);
      await say(6, 6);
      for (const socket of [ann, eve]) await socket.of('message', 1);
      await ann.next((frame) => frame.type === 'message' && frame.seq === 6);
      expect(contents(ann)).to.deep.equal(numbered(1, 6));
      expect(contents(eve)).to.deep.equal(numbered(6, 6));
    });

    it('gets the position of the last message when a new epoch has no message yet', async () => {
      await say(1, 5);
      const last = { ...start, seq: 5 };
      const room = { id: 1, generation: 1, last, lastSentAt: 0 };
      await fixture.directory.bringIn([room], 1);
      const nothing = { room, end: last, messages: [], before: 'unknown', complete: true } as const;
      expect(await fixture.directory.restore(nothing, 1)).to.equal(true);
      await fixture.directory.markComplete();
      for (const seq of [2, 5]) {
        const ann = await fixture.connectV1(at(0), ANN);
        expect(await ann.join(1, { ...start, seq })).to.include({ recovered: true, ...last });
        const plain = await fixture.join(at(0), 1, ANN, `?since=${start.epoch}-${seq}`);
        expect(await plain.next(({ type }) => type === 'recovery')).to.include({ recovered: true, ...last });
        for (const socket of [ann, plain]) {
          if (seq < 5) await socket.next((frame) => frame.type === 'message' && frame.seq === 5);
          expect(
            socket.frames.flatMap((frame) => (frame.type === 'message' ? [frame.seq] : [])),
          ).to.deep.equal(seq < 5 ? [3, 4, 5] : []);
        }
      }
      const eve = await fixture.connectV1(at(0), ANN);
      const stands = await eve.join(1);
      expect([stands.seq, stands.epoch > start.epoch]).to.deep.equal([5, true]);
    });

    it('is notified if the messages cannot be replayed, and gets live ones', async () => {
      await say(1, 10);
      for (const since of [
        { epoch: start.epoch - 1, seq: 5 },
        { epoch: start.epoch + 1, seq: 5 },
        { ...start, seq: 11 },
        { epoch: 0, seq: 0 },
        { epoch: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER },
      ]) {
        const ann = await fixture.connectV1(at(0), ANN);
        expect(await ann.join(1, since)).to.include({ recovered: false, seq: 10 });
        ann.socket.close();
      }
      const ann = await fixture.connectV1(at(0), ANN);
      await ann.join(1, { ...start, seq: 11 });
      await say(11, 12);
      await ann.next((frame) => frame.type === 'message' && frame.seq === 12);
      expect(contents(ann)).to.deep.equal(numbered(11, 12));
    });

    it('is notified if it missed too many messages', async () => {
      const strict = await fixture.start({ RECOVERY_MAX_MESSAGES: '5000' });
      await say(1, 5_001);
      const ann = await fixture.connectV1(strict, ANN);
      expect((await ann.join(1, start)).recovered).to.equal(false);
      expect((await ann.join(1, { ...start, seq: 1 })).recovered).to.equal(true);
      await ann.next((frame) => frame.type === 'message' && frame.seq === 5_001);
      expect(ann.messages().map(({ seq }) => seq)).to.deep.equal(
        Array.from({ length: 5_000 }, (_, i) => i + 2),
      );
    }).timeout(20_000);

    it('may resume in a room that it has joined', async () => {
      const ann = await fixture.connectV1(at(0), ANN);
      await ann.join(1);
      await say(1, 3);
      await ann.next((frame) => frame.type === 'message' && frame.seq === 3);
      expect(await ann.join(1, { ...start, seq: 1 })).to.include({ recovered: true, seq: 3 });
      await say(4, 5);
      await ann.next((frame) => frame.type === 'message' && frame.seq === 5);
      expect(ann.messages().map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 2, 3, 4, 5]);
      await ann.leave(1);
      await say(6, 6);
      expect(ann.messages()).to.have.length(7);
    });

    it('may resume by ?since= on a join-room of either protocol', async () => {
      await say(1, 10);
      const query = `?since=${start.epoch}-7`;
      const ann = await fixture.connectV1(at(0), ANN, `/ws/join-room/1${query}`);
      expect((await ann.of('room-joined')).recovered).to.equal(true);
      const plain = await fixture.join(at(0), 1, ANN, query);
      const lost = await fixture.join(at(0), 1, ANN, `?since=${start.epoch - 1}-7`);
      await say(11, 12);
      for (const socket of [ann, plain, lost]) {
        await socket.next((frame) => frame.type === 'message' && frame.seq === 12);
      }
      expect(contents(ann)).to.deep.equal(numbered(8, 12));
      expect(plain.frames[0]).to.include({ type: 'recovery', recovered: true, seq: 10, epoch: start.epoch });
      expect(plain.frames[0]).to.include({ content: 'recovered', roomId: 1, username: '' });
      expect(plain.frames.filter(({ type }) => type === 'message')).to.deep.equal(ann.messages());
      expect(lost.frames[0]).to.include({ type: 'recovery', recovered: false, seq: 10 });
      expect(lost.frames.filter(({ type }) => type === 'message')).to.deep.equal(ann.messages().slice(-2));
    });

    it(`gets every message once, in ${RESUMES} resumes while up to ${PER_SECOND} messages per second flow`, async () => {
      await say(1, 10);
      const began = performance.now();
      let said = 10;
      const talk = setInterval(() => {
        // A busy machine gets fewer: a backlog that is sent at once would keep it busy.
        const due = Math.min(said + 10, 10 + Math.floor(((performance.now() - began) / 1_000) * PER_SECOND));
        for (; said < due; said++) {
          bob.send({ type: 'publish', roomId: 1, clientMsgId: `t${said}`, content: `talk ${said}` });
        }
        bob.forget();
      }, 1);
      let turn = 0;
      let replayed = 0;
      const resume = async (): Promise<void> => {
        while (turn < RESUMES) {
          const index = turn++;
          const member = { id: 100 + index, username: `user${index}` };
          const ann = await fixture.connectV1(at(index), member);
          const { seq: now } = await ann.join(1);
          const since = Math.max(start.seq, now - ((index * 7_919) % BEHIND));
          const position = { ...start, seq: since };
          // Every fourth one is a plain socket, which resumes as it opens.
          if (index % 4 === 3) ann.socket.terminate();
          const plain =
            index % 4 === 3
              ? await fixture.join(at(index), 1, member, `?since=${formatPosition(position)}`)
              : undefined;
          const joined =
            plain === undefined
              ? await ann.join(1, position)
              : await plain.next(({ type }) => type === 'recovery');
          if (!('recovered' in joined)) throw new Error('no answer');
          expect(joined.recovered, `since ${since} of ${joined.seq}`).to.equal(true);
          const socket: FrameSocket<ServerFrame | V1ServerFrame> = plain ?? ann;
          await socket.next((frame) => frame.type === 'message' && frame.seq >= joined.seq + LIVE, 20_000);
          const answer = socket.frames.indexOf(joined);
          const seqs = socket.frames
            .slice(answer)
            .flatMap((frame) => (frame.type === 'message' ? [frame.seq] : []));
          const hole = seqs.findIndex((seq, place) => seq !== since + 1 + place);
          expect(hole, `after ${seqs[hole - 1] ?? since} came ${seqs[hole]}`).to.equal(-1);
          plain?.socket.terminate();
          replayed += joined.seq - since;
          ann.socket.terminate();
          ann.forget();
        }
      };
      try {
        await Promise.all(Array.from({ length: SIDE_BY_SIDE }, resume));
      } finally {
        clearInterval(talk);
      }
      expect(replayed).to.be.above(RESUMES * 100);
    }).timeout(60_000);
  });
}

describe('a client that resumes and reads slowly', () => {
  const MESSAGES = 600;
  const fixture = new GatewayFixture();
  let gateway: Gateway;
  let since: string;

  before(async () => {
    gateway = await fixture.start({ MAX_QUEUED_BYTES: '65536' });
    await fixture.directory.ensure(1, 0);
    const bob = await fixture.connectV1(gateway, BOB);
    since = `?since=${(await bob.join(1)).epoch}-0`;
    bob.socket.close();
    await bob.ended;
    const content = 'x'.repeat(16_000);
    // More bytes than the kernel's buffers and the queue hold.
    for (let index = 0; index < MESSAGES; index++) {
      fixture.rooms.publish(1, `"type":"message","content":"${content}","roomId":1,"username":"bob"}`);
    }
  });
  after(() => fixture.close());

  for (const kind of ['plain', 'chorus.v1'] as const) {
    it(`gets the whole replay as it reads: the replay does not cut off a ${kind} socket`, async () => {
      const path = `/ws/join-room/1${since}`;
      const socket =
        kind === 'plain'
          ? await fixture.join(gateway, 1, ANN, since)
          : await fixture.connectV1(gateway, ANN, path);
      for (let pause = 0; pause < 5; pause++) {
        socket.socket.pause();
        await sleep(100);
        socket.socket.resume();
        await sleep(5);
      }
      await socket.next((frame) => frame.type === 'message' && frame.seq === MESSAGES, 10_000);
      const seqs = socket.frames.flatMap((frame) => (frame.type === 'message' ? [frame.seq] : []));
      expect(seqs).to.deep.equal(Array.from({ length: seqs.length }, (_, index) => index + 1));
      fixture.rooms.publish(1, `"type":"message","content":"${kind}","roomId":1,"username":"bob"}`);
      await socket.next((frame) => frame.type === 'message' && frame.content === kind);
      socket.socket.close();
    }).timeout(20_000);
  }
});
