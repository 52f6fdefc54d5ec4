import type { ActivityListener, Broker } from '@chorus/broker';
import { encodeChange, type Member } from '@chorus/protocol';
import type { FrameOf, V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../../testing/gateways.js';
import { added, messageOf, removed } from '../../testing/member-entries.js';
import { RedisGatewayFixture } from '../../testing/redis-gateways.js';

const CAT: Member = { id: 3, username: 'cat' };

for (const [name, open] of [
  ['memory', async () => new GatewayFixture()],
  ['Redis', () => RedisGatewayFixture.open()],
] as const) {
  describe(`the inbox of a chorus.v1 socket, over ${name}`, function () {
    this.timeout(60_000);
    let fixture: GatewayFixture;
    let gateways: Gateway[];
    let broker: Broker;
    let rooms = 0;

    beforeEach(async () => {
      fixture = await open();
      gateways = [];
      for (let at = 0; at < 3; at++) gateways.push(await fixture.start({ INBOX_INTERVAL_MS: '20' }));
      broker = await fixture.broker();
    });
    afterEach(() => fixture.close());

    const gateway = (at: number): Gateway => gateways[at % 3] as Gateway;
    const complete = async (): Promise<void> => {
      const restoration = await fixture.memberships.beginRestoration();
      await restoration.complete();
    };
    const newRoom = async (...members: Member[]): Promise<number> => {
      const room = ++rooms;
      await fixture.directory.ensure(room, 0, room, 'private', 'small');
      for (const { id } of members) await put(room, id, 'member');
      return room;
    };
    const put = (roomId: number, userId: number, role: 'member' | undefined): Promise<void> =>
      fixture.memberships.change([{ userId, roomId, membership: role && { role } }]);
    /** As the API does: the mirror first, then the entry. */
    const add = async (room: number, member: Member): Promise<void> => {
      await put(room, member.id, 'member');
      await broker.publish(room, added(room, member));
    };
    const remove = async (room: number, member: Member): Promise<void> => {
      await put(room, member.id, undefined);
      await broker.publish(room, removed(room, member));
    };
    const watch = async (at: number, member: Member): Promise<V1Socket> => {
      const socket = await fixture.connectV1(gateway(at), member);
      socket.send({ type: 'watch-inbox' });
      await socket.of('inbox-watched');
      return socket;
    };
    const newsOf = (socket: V1Socket) =>
      socket.frames.flatMap((frame) => (frame.type === 'inbox' ? frame.rooms : []));
    /** The next news of a room. */
    const news = async (
      socket: V1Socket,
      room: number,
    ): Promise<FrameOf<'inbox'>['rooms'][number] | undefined> => {
      const frame = await socket.next(
        (each) => each.type === 'inbox' && each.rooms.some(({ roomId }) => roomId === room),
      );
      return frame.type === 'inbox' ? frame.rooms.find(({ roomId }) => roomId === room) : undefined;
    };

    it('gets news of rooms that it has not joined, on every gateway', async () => {
      await complete();
      const room = await newRoom(ANN, BOB, CAT);
      const other = await newRoom(CAT);
      const watching = [await watch(0, ANN), await watch(1, BOB), await watch(2, ANN)];
      const silent = await fixture.connectV1(gateway(0), CAT);
      await silent.join(room);
      await broker.publish(other, messageOf(other, 'not for them'));
      const at = await silent.publish(room, 'hello', 'a');
      for (const socket of watching) {
        expect(await news(socket, room)).to.deep.equal({
          ...{ roomId: room, epoch: at.epoch, seq: at.seq, n: 1, messages: 1 },
        });
      }
      silent.send({ type: 'publish', roomId: room, clientMsgId: 'b', content: '', mentions: [BOB.id] });
      expect((await news(watching[0] as V1Socket, room))?.mentions).to.equal(undefined);
      expect((await news(watching[1] as V1Socket, room))?.mentions).to.equal(1);
      for (const socket of watching) expect(newsOf(socket).map(({ roomId }) => roomId)).not.to.include(other);
      // A socket that did not ask gets no frames of inboxes.
      expect(silent.frames.filter(({ type }) => type.startsWith('inbox'))).to.deep.equal([]);
    });

    it('learns up to which ordinal the user has sent, and which messages were deleted', async () => {
      await complete();
      const room = await newRoom(ANN, BOB);
      const ann = await watch(0, ANN);
      const bob = await watch(1, BOB);
      const laptop = await fixture.connectV1(gateway(2), ANN);
      await laptop.join(room);
      const at = await laptop.publish(room, 'hello', 'a');
      expect((await news(ann, room))?.ownN).to.equal(1);
      expect(await news(bob, room)).to.not.have.property('ownN');
      laptop.send({
        type: 'delete',
        roomId: room,
        clientMsgId: 'b',
        target: { epoch: at.epoch, seq: at.seq },
      });
      const deleted = await laptop.ack('b');
      for (const socket of [ann, bob]) {
        expect(await news(socket, room)).to.deep.equal({
          ...{ roomId: room, epoch: deleted.epoch, seq: deleted.seq, n: 1, messages: 0, deleted: [1] },
        });
      }
    });

    it('gets no news behind the removal of its user, on any gateway', async () => {
      await complete();
      const room = await newRoom(ANN, BOB);
      const bobs = [await watch(0, BOB), await watch(1, BOB), await watch(2, BOB)];
      const ann = await watch(1, ANN);
      // Without a pause, so that they travel and are gathered together.
      await Promise.all([
        ...['1', '2'].map((n) => broker.publish(room, messageOf(room, n))),
        put(room, BOB.id, undefined).then(() => undefined),
        broker.publish(room, removed(room, BOB)),
        ...['3', '4'].map((n) => broker.publish(room, messageOf(room, n))),
      ]);
      await ann.next((frame) => frame.type === 'inbox' && frame.rooms.some(({ n }) => n === 4));
      for (const bob of bobs) {
        expect((await bob.of('inbox-rooms')).removed).to.deep.equal([room]);
        await add(room, CAT);
        const next = await newRoom();
        await add(next, BOB);
        await bob.next((frame) => frame.type === 'inbox-rooms' && frame.added.includes(next));
        const ordinals = newsOf(bob).flatMap(({ roomId, n }) => (roomId === room ? [n] : []));
        for (const n of ordinals) expect(n).to.be.at.most(2);
      }
    });

    it('learns of rooms that its user enters and leaves as a member, and of deleted ones', async () => {
      await complete();
      const [room, gone] = [await newRoom(BOB), await newRoom(ANN)];
      const ann = await watch(2, ANN);
      await add(room, ANN);
      expect(await ann.of('inbox-rooms')).to.deep.equal({ type: 'inbox-rooms', added: [room], removed: [] });
      await broker.publish(room, messageOf(room, 'hello'));
      expect((await news(ann, room))?.n).to.equal(1);
      await remove(room, ANN);
      expect(await ann.of('inbox-rooms')).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [room] });
      await fixture.directory.remove(gone);
      expect(await ann.of('inbox-rooms')).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [gone] });
    });

    it('is reset when its gateway may have missed news, and watches again', async () => {
      await complete();
      const room = await newRoom(ANN, BOB);
      let listener: ActivityListener | undefined;
      const cut = await fixture.start({}, (wrapped) => {
        const listen = wrapped.listen.bind(wrapped);
        wrapped.listen = (rooms, activity) => {
          listener = activity;
          listen(rooms, activity);
        };
        return wrapped;
      });
      const ann = await fixture.connectV1(cut, ANN);
      ann.send({ type: 'watch-inbox' });
      await ann.of('inbox-watched');
      const other = await watch(0, BOB);
      listener?.onActivityMissed?.();
      await ann.of('inbox-reset');
      await broker.publish(room, messageOf(room, 'missed'));
      await news(other, room);
      await remove(room, ANN);
      ann.send({ type: 'watch-inbox' });
      expect(await ann.of('inbox-watched')).to.deep.equal({ type: 'inbox-watched', rooms: 0 });
      expect(newsOf(ann)).to.deep.equal([]);
      expect(other.frames.map(({ type }) => type)).not.to.include('inbox-reset');
    });

    it('is refused until the memberships are complete', async () => {
      const room = await newRoom(ANN);
      const ann = await fixture.connectV1(gateway(0), ANN);
      ann.send({ type: 'watch-inbox' });
      expect(await ann.of('error')).to.include({ code: 'unavailable', retry: true, request: 'watch-inbox' });
      await complete();
      ann.send({ type: 'watch-inbox' });
      expect(await ann.of('inbox-watched')).to.deep.equal({ type: 'inbox-watched', rooms: 1 });
      await broker.publish(room, messageOf(room, 'hello'));
      await news(ann, room);
    });

    it('is refused for members of too many rooms, and when it asks too often', async () => {
      await complete();
      await newRoom(ANN);
      await newRoom(ANN);
      const strict = await fixture.start({ MAX_INBOX_ROOMS: '1', MAX_CONNECTIONS_PER_USER: '1' });
      const ann = await fixture.connectV1(strict, ANN);
      ann.send({ type: 'watch-inbox' });
      expect(await ann.of('error')).to.include({ code: 'too_many_rooms', request: 'watch-inbox' });
      for (let times = 0; times < 45; times++) ann.send({ type: 'watch-inbox' });
      const refused = await ann.next((frame) => frame.type === 'error' && frame.code === 'too_many_messages');
      expect(refused)
        .to.include({ request: 'watch-inbox', retry: true })
        .and.have.property('retryAfterMs')
        .above(0);
    });

    it('gets no news of reactions and edits', async () => {
      await complete();
      const room = await newRoom(ANN);
      const ann = await watch(0, ANN);
      const at = await broker.publish(room, messageOf(room, 'hello'));
      const target = { epoch: at.epoch, seq: at.seq };
      const common = { id: 'x', sentAt: Date.now(), target } as const;
      await broker.publish(room, encodeChange(room, BOB, { change: 'reacted', reaction: '+', ...common }));
      await broker.publish(room, encodeChange(room, ANN, { change: 'edited', content: 'x', ...common }));
      await broker.publish(room, messageOf(room, 'again'));
      await ann.next((frame) => frame.type === 'inbox' && frame.rooms.some(({ n }) => n === 2));
      expect(newsOf(ann).reduce((sum, { messages }) => sum + messages, 0)).to.equal(2);
    });
  });
}
