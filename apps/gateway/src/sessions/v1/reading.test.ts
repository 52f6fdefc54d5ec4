import type { Member, Position } from '@chorus/protocol';
import type { V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../../testing/gateways.js';
import { RedisGatewayFixture } from '../../testing/redis-gateways.js';

const CAT: Member = { id: 3, username: 'cat' };

for (const [name, open] of [
  ['memory', async () => new GatewayFixture()],
  ['Redis', () => RedisGatewayFixture.open()],
] as const) {
  describe(`reading over a chorus.v1 socket, over ${name}`, function () {
    this.timeout(60_000);
    let fixture: GatewayFixture;
    let gateways: Gateway[];
    let rooms = 0;

    beforeEach(async () => {
      fixture = await open();
      gateways = [await fixture.start(), await fixture.start()];
    });
    afterEach(() => fixture.close());

    const complete = async (): Promise<void> => {
      const restoration = await fixture.memberships.beginRestoration();
      await restoration.complete();
    };
    const newRoom = async (
      members: readonly Member[],
      kind: 'private' | 'public' = 'private',
      size: 'small' | 'large' = 'small',
    ): Promise<number> => {
      const room = ++rooms;
      await fixture.directory.ensure(room, 0, room, kind, size);
      for (const { id } of members) {
        await fixture.memberships.change([{ userId: id, roomId: room, membership: { role: 'member' } }]);
      }
      return room;
    };
    const connect = (at: number, member: Member): Promise<V1Socket> =>
      fixture.connectV1(gateways[at] as Gateway, member);
    const place = ({ epoch, seq }: Position): Position => ({ epoch, seq });
    /** Two messages of BOB. */
    const sendTwo = async (room: number): Promise<[Position, Position, V1Socket]> => {
      const bob = await connect(1, BOB);
      await bob.join(room);
      return [place(await bob.publish(room, 'one', 'a')), place(await bob.publish(room, 'two', 'b')), bob];
    };

    it('is answered, also in a room that the socket has not joined', async () => {
      await complete();
      const room = await newRoom([ANN, BOB]);
      const [first, last] = await sendTwo(room);
      const ann = await connect(0, ANN);
      const about = { type: 'read', roomId: room, userId: ANN.id };
      ann.send({ type: 'read', roomId: room, ...first });
      expect(await ann.of('read')).to.deep.equal({ ...about, ...first, n: 1 });
      ann.send({ type: 'read', roomId: room, epoch: Number.MAX_SAFE_INTEGER, seq: 1 });
      expect(await ann.of('read')).to.deep.equal({ ...about, ...last, n: 2 });
      ann.send({ type: 'read', roomId: room, ...first, unread: true });
      expect(await ann.of('read')).to.deep.equal({ ...about, ...first, n: 1, unread: true });
    });

    it('reaches other sockets of the user that watch, and those in a small room, but no plain socket', async () => {
      await complete();
      const room = await newRoom([ANN, BOB, CAT], 'public');
      const [, last, bob] = await sendTwo(room);
      const plain = await fixture.join(gateways[1] as Gateway, room, CAT);
      const phone = await connect(1, ANN);
      phone.send({ type: 'watch-inbox' });
      await phone.of('inbox-watched');
      const ann = await connect(0, ANN);
      ann.send({ type: 'read', roomId: room, ...last });
      const notice = { type: 'read', roomId: room, userId: ANN.id, ...last, n: 2 };
      expect(await phone.of('read')).to.deep.equal(notice);
      expect(await bob.of('read')).to.deep.equal(notice);
      await bob.publish(room, 'three', 'c');
      await plain.message('three');
      expect(JSON.stringify(plain.frames)).not.to.contain('"read"');
    });

    it('reaches no other user in a large room', async () => {
      await complete();
      const room = await newRoom([ANN, BOB], 'private', 'large');
      const [, last, bob] = await sendTwo(room);
      const ann = await connect(0, ANN);
      ann.send({ type: 'read', roomId: room, ...last });
      await ann.of('read');
      await bob.publish(room, 'three', 'c');
      expect(bob.frames.some(({ type }) => type === 'read')).to.equal(false);
    });

    it('is refused to users who are not members, who cannot tell whether there is such a room', async () => {
      await complete();
      const [hidden, shown] = [await newRoom([BOB]), await newRoom([BOB], 'public')];
      const ann = await connect(0, ANN);
      await ann.join(shown);
      for (const [roomId, code] of [
        [hidden, 'room_not_found'],
        [4_000_000, 'room_not_found'],
        [shown, 'role_required'],
      ] as const) {
        ann.send({ type: 'read', roomId, epoch: 1, seq: 1 });
        expect(await ann.of('error')).to.deep.include({ request: 'read', roomId, code });
      }
    });

    // The access list of the fixture is in memory.
    if (name === 'memory') {
      it('is refused to users who are banned from the room', async () => {
        await complete();
        const room = await newRoom([BOB]);
        await fixture.access.ban({ userId: BOB.id, roomId: room });
        const bob = await connect(1, BOB);
        bob.send({ type: 'read', roomId: room, epoch: 1, seq: 1 });
        expect(await bob.of('error')).to.deep.include({ request: 'read', code: 'banned' });
      });
    }

    it('is refused as retryable until the memberships are complete', async () => {
      const room = await newRoom([ANN]);
      const ann = await connect(0, ANN);
      ann.send({ type: 'read', roomId: room, epoch: 1, seq: 1 });
      expect(await ann.of('error')).to.deep.include({ code: 'unavailable', retry: true });
    });

    it('names what is wrong with a frame', async () => {
      await complete();
      const room = await newRoom([ANN]);
      const ann = await connect(0, ANN);
      for (const bad of [
        {},
        { epoch: 1 },
        { epoch: -1, seq: 1 },
        { epoch: 1, seq: 0.5 },
        { epoch: 1, seq: 1, unread: 1 },
      ]) {
        ann.send({ type: 'read', roomId: room, ...bad } as never);
        expect(await ann.of('error'), JSON.stringify(bad)).to.deep.include({
          code: 'bad_frame',
          request: 'read',
        });
      }
    });
  });
}
