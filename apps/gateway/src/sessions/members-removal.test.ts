import { CLOSE } from '@chorus/protocol';
import type { V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture, listeningThrough } from '../testing/gateways.js';
import { messageOf, removed } from '../testing/member-entries.js';

describe('a removal that is delivered between the check of a join and the join', () => {
  let fixture: GatewayFixture;
  let gateway: Gateway;
  let publish: (body: string) => Promise<unknown>;
  /** Resolves when a check has its answer; calling `release` lets it continue. */
  let checked: Promise<void>;
  let release: () => void;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    gateway = await fixture.start({}, (broker) => {
      publish = (body) => broker.publish(1, body);
      return broker;
    });
    await fixture.directory.ensure(1, 0, 1, 'private');
    await (await fixture.memberships.beginRestoration()).complete();
    for (const { id } of [ANN, BOB]) {
      await fixture.memberships.change([{ userId: id, roomId: 1, membership: { role: 'member' } }]);
    }
  });
  afterEach(() => fixture.close());

  const holdChecks = (): void => {
    const { access } = fixture;
    const check = access.checkRooms.bind(access);
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    checked = new Promise((resolve) => {
      access.checkRooms = async (subjects) => {
        const found = await check(subjects);
        resolve();
        await released;
        return found;
      };
    });
  };
  /** As the API does: first the mirror, then the entry. Then a message that the user must not get. */
  const removeBob = async (ann: V1Socket): Promise<void> => {
    await fixture.memberships.change([{ userId: BOB.id, roomId: 1, membership: undefined }]);
    await publish(removed(1, BOB));
    await publish(messageOf(1, 'behind'));
    await ann.next((frame) => frame.type === 'message' && frame.content === 'behind');
  };

  it('voids the join of a chorus.v1 socket, which is asked to try again', async () => {
    const ann = await fixture.connectV1(gateway, ANN);
    const { epoch } = await ann.join(1);
    const bob = await fixture.connectV1(gateway, BOB);
    holdChecks();
    bob.send({ type: 'join', roomId: 1, since: { epoch, seq: 0 } });
    await checked;
    await removeBob(ann);
    release();
    expect((await bob.of('error', 1)).code).to.equal('unavailable');
    expect(bob.messages()).to.deep.equal([]);
    bob.send({ type: 'join', roomId: 1 });
    expect((await bob.of('error', 1)).code).to.equal('room_not_found');
  });

  it('closes a plain socket, which then does not find the room', async () => {
    const ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
    holdChecks();
    const joining = fixture.join(gateway, 1, BOB, '?since=0-0');
    await checked;
    await removeBob(ann);
    release();
    const bob = await joining;
    expect((await bob.ended).code).to.equal(CLOSE.restart.code);
    expect(bob.frames).to.deep.equal([]);
    expect((await fixture.refusal(gateway, '/ws/join-room/1', fixture.bearer(BOB))).status).to.equal(404);
  });
});

describe('a gateway whose membership entry is lost', () => {
  it('takes a user out of a private room when it checks its connections', async () => {
    const fixture = new GatewayFixture();
    let resumed = (): void => {};
    const gateway = await fixture.start({}, (broker) =>
      listeningThrough(broker, (listener) => {
        resumed = () => listener.onResumed();
        return listener;
      }),
    );
    await fixture.directory.ensure(1, 0, 1, 'private');
    await fixture.directory.ensure(2, 0, 2, 'public');
    const restoration = await fixture.memberships.beginRestoration();
    await restoration.complete();
    await fixture.memberships.change([{ userId: ANN.id, roomId: 1, membership: { role: 'member' } }]);
    const ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
    await ann.join(2);
    const plain = await fixture.join(gateway, 1, ANN);
    await fixture.memberships.change([{ userId: ANN.id, roomId: 1, membership: undefined }]);
    // As after a connection to Redis that was cut.
    resumed();
    expect((await ann.of('room-left')).roomId).to.equal(1);
    expect((await plain.ended).code).to.equal(CLOSE.removed.code);
    expect(ann.frames.filter(({ type }) => type === 'room-left')).to.have.length(1);
    await fixture.close();
  });
});
