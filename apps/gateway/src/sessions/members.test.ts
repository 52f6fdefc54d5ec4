import type { Membership } from '@chorus/control';
import { CLOSE, type Member, type RoomKind } from '@chorus/protocol';
import { until, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { added, change, messageOf, removed } from '../testing/member-entries.js';
import { RedisGatewayFixture } from '../testing/redis-gateways.js';

const CAT: Member = { id: 3, username: 'cat' };
for (const [name, open] of [
  ['memory', async () => new GatewayFixture()],
  ['Redis', () => RedisGatewayFixture.open()],
] as const) {
  describe(`rooms with members, over ${name}`, function () {
    this.timeout(60_000);
    let fixture: GatewayFixture;
    let gateways: Gateway[];
    let publish: (room: number, body: string) => Promise<unknown>;
    let rooms = 0;

    beforeEach(async () => {
      fixture = await open();
      gateways = [];
      for (let at = 0; at < 3; at++) {
        gateways.push(
          await fixture.start({ ROOM_LINGER_MS: '0', PRESENCE_GRACE_MS: '0' }, (broker) => {
            publish = (room, body) => broker.publish(room, body);
            return broker;
          }),
        );
      }
    });
    afterEach(() => fixture.close());

    const gateway = (at: number): Gateway => gateways[at % 3] as Gateway;
    const newRoom = async (kind: RoomKind, members: ReadonlyArray<[Member, Membership['role']]>) => {
      const room = ++rooms;
      await fixture.directory.ensure(room, 0, room, kind);
      for (const [{ id }, role] of members) {
        await fixture.memberships.change([{ userId: id, roomId: room, membership: { role } }]);
      }
      return room;
    };
    const complete = async (): Promise<void> => {
      const restoration = await fixture.memberships.beginRestoration();
      await restoration.complete();
    };
    const member = (room: number, { id }: Member, role: Membership['role'] | undefined): Promise<void> =>
      fixture.memberships.change([{ userId: id, roomId: room, membership: role && { role } }]);
    const refusal = async (socket: V1Socket, room: number): Promise<string> => {
      socket.send({ type: 'join', roomId: room });
      return (await socket.of('error', room)).code;
    };

    it('lets only members join, and answers others as for a room that does not exist', async () => {
      await complete();
      for (const kind of ['private', 'direct'] as const) {
        const room = await newRoom(kind, [[ANN, 'member']]);
        const ann = await fixture.connectV1(gateway(0), ANN);
        await ann.join(room);
        const bob = await fixture.connectV1(gateway(1), BOB);
        bob.send({ type: 'join', roomId: room });
        const answer = await bob.of('error', room);
        bob.send({ type: 'join', roomId: 999_999 });
        expect(await bob.of('error', 999_999)).to.deep.equal({ ...answer, roomId: 999_999 });
        for (const path of [`/ws/join-room/${room}`, '/ws/join-room/999999']) {
          const response = await fixture.refusal(gateway(1), path, fixture.bearer(BOB));
          expect([response.status, response.body]).to.deep.equal([404, { error: 'there is no such room' }]);
        }
        const plain = await fixture.join(gateway(2), room, ANN);
        ann.send({ type: 'publish', roomId: room, clientMsgId: 'a', content: 'secret' });
        await plain.message('secret');
      }
    });

    it('answers "try again" for private rooms until the memberships are complete; public rooms do not wait', async () => {
      const room = await newRoom('private', [[ANN, 'owner']]);
      const shown = await newRoom('public', []);
      const ann = await fixture.connectV1(gateway(0), ANN);
      expect(await refusal(ann, room)).to.equal('unavailable');
      const response = await fixture.refusal(gateway(0), `/ws/join-room/${room}`, fixture.bearer(ANN));
      expect(response.status).to.equal(503);
      await ann.join(shown);
      await complete();
      await ann.join(room);
    });

    it('ends the sockets of a removed user at the place of the removal, on every gateway', async () => {
      await complete();
      const room = await newRoom('private', [
        [ANN, 'owner'],
        [BOB, 'member'],
      ]);
      const ann = await fixture.connectV1(gateway(0), ANN);
      await ann.join(room);
      const bobs = await Promise.all([0, 1, 2].map((at) => fixture.connectV1(gateway(at), BOB)));
      for (const bob of bobs) await bob.join(room);
      const plain = await fixture.join(gateway(1), room, BOB);
      const plainAnn = await fixture.join(gateway(2), room, ANN);
      // One after the other without a pause, so that they travel and are delivered together.
      await Promise.all([
        ...['1', '2'].map((n) => publish(room, messageOf(room, n))),
        member(room, BOB, undefined).then(() => undefined),
        publish(room, removed(room, BOB)),
        ...['3', '4'].map((n) => publish(room, messageOf(room, n))),
      ]);
      await ann.next((frame) => frame.type === 'message' && frame.content === '4');
      await plainAnn.message('4');
      for (const bob of bobs) {
        const left = await bob.of('room-left', room);
        expect(left.reason).to.equal('removed');
        expect(bob.messages().map(({ content }) => content)).to.deep.equal(['1', '2']);
        expect(bob.frames.indexOf(left)).to.equal(bob.frames.length - 1);
        expect(
          bob.frames.some((frame) => frame.type === 'change' && frame.change === 'member-removed'),
        ).to.equal(true);
        expect(await refusal(bob, room)).to.equal('room_not_found');
      }
      expect(await plain.ended).to.deep.equal({ code: CLOSE.removed.code, reason: CLOSE.removed.reason });
      const texts = plain.frames.flatMap((frame) => (frame.type === 'message' ? [frame.content] : []));
      expect(texts).to.deep.equal(['1', '2']);
      expect(plainAnn.frames.some(({ type }) => (type as string) === 'change')).to.equal(false);
    });

    it('keeps sockets of a removed user in a public room', async () => {
      await complete();
      const room = await newRoom('public', [[BOB, 'member']]);
      const bob = await fixture.connectV1(gateway(0), BOB);
      await bob.join(room);
      await member(room, BOB, undefined);
      await publish(room, removed(room, BOB));
      await publish(room, messageOf(room, 'still here'));
      await bob.next((frame) => frame.type === 'message' && frame.content === 'still here');
    });

    it('lets a user who was added again join again', async () => {
      await complete();
      const room = await newRoom('private', [[BOB, 'member']]);
      const bob = await fixture.connectV1(gateway(0), BOB);
      await bob.join(room);
      await member(room, BOB, undefined);
      await publish(room, removed(room, BOB));
      await bob.of('room-left', room);
      await member(room, BOB, 'member');
      await publish(room, added(room, BOB));
      const { recovered, seq } = await bob.join(room);
      expect([recovered, seq]).to.deep.equal([false, 2]);
    });

    it('replays nothing behind a removal to a user who resumes meanwhile, and joins no removed user in a race', async () => {
      await complete();
      for (let round = 0; round < 25; round++) {
        const room = await newRoom('private', [
          [ANN, 'owner'],
          [BOB, 'member'],
          [CAT, 'member'],
        ]);
        const ann = await fixture.connectV1(gateway(0), ANN);
        const start = await ann.join(room);
        for (let n = 0; n < 5; n++) await publish(room, messageOf(room, `before ${n}`));
        const bobs = await Promise.all([0, 1, 2].map((at) => fixture.connectV1(gateway(at), BOB)));
        // Joins, resumes and the removal race.
        const since = { epoch: start.epoch, seq: start.seq };
        for (const [at, bob] of bobs.entries()) {
          setTimeout(
            () => bob.send({ type: 'join', roomId: room, ...(at % 2 === 0 ? { since } : {}) }),
            round % 5,
          );
        }
        const removal = (async () => {
          await new Promise((resolve) => setTimeout(resolve, round % 3));
          // As the API does: first the mirror, then the entry.
          await member(room, BOB, undefined);
          await publish(room, removed(room, BOB));
        })();
        await removal;
        for (let n = 0; n < 5; n++) await publish(room, messageOf(room, `behind ${n}`));
        await ann.next((frame) => frame.type === 'message' && frame.content === 'behind 4');
        await Promise.all(
          bobs.map((bob) =>
            until(() => bob.frames.some(({ type }) => type === 'error' || type === 'room-left')),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, 30));
        for (const bob of bobs) {
          const behind = bob.messages().filter(({ content }) => content.startsWith('behind'));
          expect(behind, `round ${round}`).to.deep.equal([]);
        }
        for (const socket of [ann, ...bobs]) socket.socket.terminate();
      }
    });

    it('refuses messages of a muted user, with the time that is left, until the mute ends', async () => {
      await complete();
      const room = await newRoom('public', []);
      const mutedUntil = Date.now() + 60_000;
      await fixture.memberships.change([
        { userId: BOB.id, roomId: room, membership: { role: 'none', mutedUntil } },
      ]);
      const bob = await fixture.connectV1(gateway(0), BOB);
      await bob.join(room);
      bob.send({ type: 'publish', roomId: room, clientMsgId: 'a', content: 'x' });
      const error = await bob.of('error', room);
      expect(error).to.include({ code: 'muted', retry: true, clientMsgId: 'a' });
      expect(error.retryAfterMs).to.be.within(1, 60_000);
      const plain = await fixture.join(gateway(1), room, BOB);
      plain.send('x');
      expect((await plain.next(({ type }) => type === 'error')).content).to.match(/^not sent: you are muted/);
      // Takes effect by its place in the order.
      await publish(room, change(room, { change: 'member-changed', member: BOB, mutedUntil: null }));
      await bob.next((frame) => frame.type === 'change');
      await bob.publish(room, 'y', 'b');
      await publish(room, change(room, { change: 'member-changed', member: BOB, mutedUntil }));
      await bob.next((frame) => frame.type === 'change');
      bob.send({ type: 'publish', roomId: room, clientMsgId: 'c', content: 'x' });
      expect((await bob.of('error', room)).code).to.equal('muted');
    });

    it('lets members send once in the time of slow mode, and moderators always', async () => {
      await complete();
      const room = await newRoom('private', [
        [ANN, 'moderator'],
        [BOB, 'member'],
      ]);
      const [ann, bob] = [await fixture.connectV1(gateway(0), ANN), await fixture.connectV1(gateway(1), BOB)];
      await ann.join(room);
      await bob.join(room);
      await bob.publish(room, 'a', 'a');
      await bob.publish(room, 'b', 'b');
      await publish(room, change(room, { change: 'room-changed', slowModeSeconds: 300 }));
      await bob.next((frame) => frame.type === 'change');
      const start = performance.now();
      const first = await bob.publish(room, 'c', 'c');
      bob.send({ type: 'publish', roomId: room, clientMsgId: 'd', content: 'd' });
      const error = await bob.of('error', room);
      expect(error).to.include({ code: 'slow_mode', clientMsgId: 'd' });
      const leastMs = 300_000 - (performance.now() - start) - 1_000;
      expect(error.retryAfterMs).to.be.within(leastMs, 300_000);
      expect(await bob.publish(room, 'c', 'c'), 'sent again').to.deep.equal(first);
      const elsewhere = await fixture.connectV1(gateway(2), BOB);
      await fixture.memberships.setSlowMode({ roomId: room, seconds: 300 });
      await elsewhere.join(room);
      elsewhere.send({ type: 'publish', roomId: room, clientMsgId: 'e', content: 'e' });
      expect((await elsewhere.of('error', room)).code).to.equal('slow_mode');
      for (const content of ['f', 'g', 'h']) await ann.publish(room, content, content);
    });
  });
}
