import { UnavailableError } from '@chorus/redis';
import { eventually, until, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';

const EVE = { id: 3, username: 'eve' };

describe('a client that a gateway admits by its copy of the access list', () => {
  let fixture: GatewayFixture;
  let gateway: Gateway;
  let bob: V1Socket;
  /** Users about whom the list was asked. */
  let asked: number[];

  beforeEach(async () => {
    fixture = new GatewayFixture();
    asked = [];
    const { access } = fixture;
    const check = access.check.bind(access);
    // `checkRooms` of this list calls it, too.
    access.check = (subjects) => {
      asked.push(...subjects.map(({ userId }) => userId));
      return check(subjects);
    };
    gateway = await fixture.start();
    await fixture.directory.ensure(1, 0);
    await fixture.directory.ensure(2, 0, undefined, 'private');
    await (await fixture.memberships.beginRestoration()).complete();
    bob = await fixture.connectV1(gateway, BOB);
    await bob.join(1);
    asked = [];
  });
  afterEach(() => fixture.close());

  it('enters a public room that is in use without a question', async () => {
    const ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
    await fixture.join(gateway, 1, EVE);
    const direct = await fixture.connectV1(gateway, EVE, '/ws/join-room/1');
    await direct.of('room-joined');
    await bob.publish(1, 'hello', 'b1');
    await ann.of('message');
    await direct.of('message');
    expect(asked.filter((userId) => userId !== BOB.id)).to.deep.equal([]);
  });

  it('is asked about before it sends, once, and its frames stay in order', async () => {
    const ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
    ann.send({ type: 'publish', roomId: 1, content: 'one', clientMsgId: 'a1' });
    ann.send({ type: 'publish', roomId: 1, content: 'two', clientMsgId: 'a2' });
    ann.send({ type: 'leave', roomId: 1 });
    await ann.of('room-left');
    expect(ann.frames.some(({ type }) => type === 'error')).to.equal(false);
    const plain = await fixture.join(gateway, 1, EVE);
    plain.socket.send('three');
    plain.socket.send('four');
    await bob.next((frame) => frame.type === 'message' && frame.content === 'four');
    expect(bob.messages().map(({ content }) => content)).to.deep.equal(['one', 'two', 'three', 'four']);
    expect(asked).to.deep.equal([ANN.id, EVE.id]);
  });

  it('cannot send while it is muted, although it entered without a question', async () => {
    const membership = { role: 'none', mutedUntil: Date.now() + 3_600_000 } as const;
    await fixture.memberships.change([{ userId: ANN.id, roomId: 1, membership }]);
    const ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
    ann.send({ type: 'publish', roomId: 1, content: 'psst', clientMsgId: 'a1' });
    expect(await ann.of('error')).to.include({ code: 'muted', clientMsgId: 'a1' });
    const plain = await fixture.join(gateway, 1, ANN);
    plain.socket.send('psst');
    await until(() => plain.frames.some((frame) => 'error' in frame || frame.content?.includes('muted')));
    expect(bob.messages()).to.deep.equal([]);
  });

  it('is told that a message failed while the list cannot be asked, and may send it again', async () => {
    const ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
    const { checkRooms } = fixture.access;
    fixture.access.checkRooms = () => Promise.reject(new UnavailableError('away'));
    ann.send({ type: 'publish', roomId: 1, content: 'one', clientMsgId: 'a1' });
    expect(await ann.of('error')).to.include({ code: 'unavailable', retry: true, clientMsgId: 'a1' });
    fixture.access.checkRooms = checkRooms;
    await ann.publish(1, 'one', 'a1');
  });

  it('enters no private room without a question', async () => {
    const ann = await fixture.connectV1(gateway, ANN);
    ann.send({ type: 'join', roomId: 2 });
    expect(await ann.of('error')).to.include({ code: 'room_not_found' });
    expect(asked).to.deep.equal([ANN.id]);
  });

  it('is asked about while Redis has trouble', async () => {
    fixture.access.changesAfter = () => Promise.reject(new UnavailableError('away'));
    await eventually(async () => {
      asked = [];
      (await fixture.connectV1(gateway, ANN)).socket.terminate();
      expect(asked).to.deep.equal([ANN.id]);
    });
  });

  for (const [what, change] of [
    ['banned', (f: GatewayFixture) => f.access.ban({ userId: ANN.id })],
    ['banned from the room', (f: GatewayFixture) => f.access.ban({ userId: ANN.id, roomId: 1 })],
    ['signed out', (f: GatewayFixture, tokenId: string) => f.access.revoke(tokenId, Date.now() + 3_600_000)],
  ] as const) {
    it(`is put out when it was ${what} although no event arrived`, async () => {
      const ann = await fixture.connectV1(gateway, ANN);
      await ann.join(1);
      const [slot] = gateway.connections.ofUser(ANN.id);
      await change(fixture, slot?.tokenId ?? '');
      // Both are clients that slipped in.
      await until(() => {
        const [open] = gateway.connections.ofUser(ANN.id);
        return open === undefined || [...open.roomIds].length === 0;
      });
    });
  }
});
