import type { Broker } from '@chorus/broker';
import { CLOSE } from '@chorus/protocol';
import { eventually, type PlainSocket, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, listeningThrough } from '../testing/gateways.js';
import { change, messageOf, removed } from '../testing/member-entries.js';
import { RedisGatewayFixture } from '../testing/redis-gateways.js';

const ROOM = 1;
const PUBLIC_ROOM = 2;

/** Redis returns with the data from before the removal, and the gateway of the removed user did not receive it. */
describe('a removal that Redis has lost', function () {
  this.timeout(60_000);

  let fixture: RedisGatewayFixture;
  let broker: Broker;
  /** Whether the first gateway receives changes. */
  let deaf: boolean;
  let resume: () => void;
  let ann: V1Socket;
  let annElsewhere: V1Socket;
  let bob: V1Socket;
  let plain: PlainSocket;
  let tries = 0;

  beforeEach(async () => {
    fixture = await RedisGatewayFixture.open();
    broker = await fixture.broker();
    await fixture.directory.markComplete();
    await fixture.directory.ensure(ROOM, 0, 1, 'private');
    await fixture.directory.ensure(PUBLIC_ROOM, 0, 2, 'public');
    await setRole(ANN.id, 'owner');
    await setRole(BOB.id, 'moderator');
    await restored();
    deaf = false;
    const here = await fixture.start({}, (own) =>
      listeningThrough(own, (listener) => ({
        onMessage(roomId, position, frame) {
          if (!deaf || !Buffer.from(frame).includes('"change":"'))
            listener.onMessage(roomId, position, frame);
        },
        onNotice: (...notice) => listener.onNotice(...notice),
        onStored: (...stored) => listener.onStored(...stored),
        onMoved: (...moved) => listener.onMoved?.(...moved),
        onControl: (event) => listener.onControl(event),
        onResumed: () => listener.onResumed(),
      })),
    );
    const elsewhere = await fixture.start({}, (own) =>
      listeningThrough(own, (listener) => {
        resume = () => listener.onResumed();
        return listener;
      }),
    );
    ann = await inBoth(here, ANN);
    annElsewhere = await inBoth(elsewhere, ANN);
    bob = await inBoth(here, BOB);
    plain = await fixture.join(here, ROOM, BOB);
  });
  afterEach(() => fixture.close());

  const setRole = (userId: number, role: 'owner' | 'moderator' | 'member' | undefined): Promise<void> =>
    fixture.memberships.change([{ userId, roomId: ROOM, membership: role && { role } }]);
  const restored = async (): Promise<void> => {
    await (await fixture.memberships.beginRestoration()).complete();
  };
  const inBoth = async (gateway: Gateway, user: typeof ANN): Promise<V1Socket> => {
    const socket = await fixture.connectV1(gateway, user);
    for (const room of [ROOM, PUBLIC_ROOM]) await socket.join(room);
    return socket;
  };
  const contents = (socket: V1Socket, room = ROOM): string[] =>
    socket.messages(room).map(({ content }) => content);

  /** Publishes a change that the first gateway does not receive and Redis then loses, and messages after that. */
  const lose = async (body: string): Promise<void> => {
    const putBack = await fixture.copyData();
    const { epoch } = await broker.position(ROOM);
    deaf = true;
    await broker.publish(ROOM, body);
    await annElsewhere.of('change', ROOM);
    await putBack();
    deaf = false;
    // The room gets a new epoch, because a gateway knows of an entry that it does not have.
    resume();
    await eventually(async () => expect((await broker.position(ROOM)).epoch).to.be.above(epoch));
    for (const content of ['behind 1', 'behind 2']) await broker.publish(ROOM, messageOf(ROOM, content));
  };
  /** Resolves when the first gateway waits for the memberships. */
  const untilHeld = (): Promise<unknown> =>
    eventually(async () => {
      bob.send({ type: 'publish', roomId: ROOM, clientMsgId: `try-${tries++}`, content: 'no' });
      expect((await bob.of('error', ROOM)).code).to.equal('unavailable');
    });

  it('takes effect before anything of the new epoch is delivered', async () => {
    await lose(removed(ROOM, BOB));
    await untilHeld();
    annElsewhere.send({ type: 'typing', roomId: ROOM });
    bob.send({ type: 'join', roomId: ROOM });
    expect((await bob.of('error', ROOM)).code).to.equal('unavailable');
    // Public rooms do not wait.
    await broker.publish(PUBLIC_ROOM, messageOf(PUBLIC_ROOM, 'to all'));
    for (const socket of [ann, annElsewhere, bob]) {
      await socket.next((frame) => frame.type === 'message' && frame.content === 'to all');
    }
    expect(contents(ann)).to.deep.equal([]);

    await setRole(ANN.id, 'owner');
    await restored();
    expect((await bob.of('room-left', ROOM)).reason).to.equal('removed');
    expect((await plain.ended).code).to.equal(CLOSE.removed.code);
    await eventually(async () => expect(contents(ann)).to.deep.equal(['behind 1', 'behind 2']));
    await ann.publish(ROOM, 'again', 'a1');
    await eventually(async () => {
      for (const socket of [ann, annElsewhere]) {
        expect(contents(socket)).to.deep.equal(['behind 1', 'behind 2', 'again']);
      }
    });
    expect(contents(bob)).to.deep.equal([]);
    expect(plain.frames.filter(({ type }) => type === 'message')).to.deep.equal([]);
    const seen = bob.frames
      .filter((frame) => 'roomId' in frame && frame.roomId === ROOM)
      .map(({ type }) => type);
    expect(seen).to.not.include.members(['change', 'typing', 'history-lost']);
  });

  it('takes nothing from members, whose role is then what it is in the memberships', async () => {
    await lose(change(ROOM, { change: 'member-changed', member: BOB, role: 'member' }));
    await untilHeld();
    await setRole(ANN.id, 'owner');
    await setRole(BOB.id, 'member');
    await restored();
    for (const socket of [ann, bob]) {
      await eventually(async () => expect(contents(socket)).to.deep.equal(['behind 1', 'behind 2']));
    }
    const { epoch, seq } = bob.messages(ROOM)[0] as { epoch: number; seq: number };
    bob.send({ type: 'delete', roomId: ROOM, clientMsgId: 'd1', target: { epoch, seq } });
    expect((await bob.of('error', ROOM)).code).to.equal('role_required');
  });
});
