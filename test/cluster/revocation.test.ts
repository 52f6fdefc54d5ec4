import { Tokens } from '@chorus/auth';
import { CLOSE } from '@chorus/protocol';
import {
  connectPlain,
  connectV1,
  eventually,
  type PlainSocket,
  patiently,
  type SocketEnd,
  upgradeStatus,
  type V1Socket,
} from '@chorus/testing';
import { expect } from 'chai';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { createPerson, createRoom, type Person, request, signIn } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { RedisProbe } from '../support/servers/redis-probe.js';

type Socket = PlainSocket | V1Socket;

/** Far below the minute after which a gateway checks all of its sockets without an event, in milliseconds. */
const SOON_MS = patiently(10_000);

describe('access that ends', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  let redis: RedisProbe;
  let ann: Person;
  let eve: Person;
  let room: number;
  let other: number;
  let opened: Socket[];

  before(async () => {
    cluster = await startTestCluster({ ownServers: true, env: OPERATOR_SETTINGS });
    redis = await RedisProbe.open(cluster);
    ann = await createPerson(cluster.url, 'ann');
  });
  after(async () => {
    redis?.close();
    await cluster?.close();
  });

  beforeEach(async () => {
    // A new user for each test: bans and revocations last.
    eve = await createPerson(cluster.url, 'eve');
    room = await createRoom(cluster.url, ann);
    other = await createRoom(cluster.url, ann);
    opened = [];
  });
  afterEach(() => Promise.all(opened.map((socket) => socket.close())));

  const keep = <T extends Socket>(socket: T): T => {
    opened.push(socket);
    return socket;
  };
  /** One plain socket in the room on every gateway. */
  const everywhere = (token: string, roomId = room): Promise<PlainSocket[]> =>
    Promise.all(cluster.gateways.map(async ({ url }) => keep(await connectPlain(url, roomId, token))));
  /** One `chorus.v1` socket on every gateway, in both rooms. */
  const everywhereV1 = (token: string): Promise<V1Socket[]> =>
    Promise.all(
      cluster.gateways.map(async ({ url }) => {
        const socket = keep(await connectV1(url, token));
        await socket.join(room);
        await socket.join(other);
        return socket;
      }),
    );
  const statuses = (token: string, roomId = room): Promise<number[]> =>
    Promise.all(cluster.gateways.map(({ url }) => upgradeStatus(url, roomId, token)));
  /** How the sockets ended, all of them soon after `action`. */
  const endsSoonAfter = async (
    sockets: readonly Socket[],
    action: Promise<unknown>,
  ): Promise<SocketEnd[]> => {
    await action;
    const answered = Date.now();
    const ends = await Promise.all(sockets.map((socket) => socket.ended));
    expect(Date.now() - answered, 'milliseconds until the last socket ended').to.be.below(SOON_MS);
    return ends;
  };
  const endOf = ({ code, reason }: SocketEnd): SocketEnd => ({ code, reason });
  const expectEnds = (ends: readonly SocketEnd[], close: { code: number; reason: string }): void => {
    for (const end of ends) expect(end).to.deep.equal(endOf(close));
  };
  /** Every one of these sockets receives what is said in the room. */
  const expectAlive = async (sockets: readonly Socket[], roomId = room): Promise<void> => {
    const speaker = keep(await connectPlain(cluster.url, roomId, ann.token));
    const content = `still there? ${Math.random()}`;
    speaker.send(content);
    for (const socket of sockets) {
      await (socket as PlainSocket).next((frame) => frame.type === 'message' && frame.content === content);
    }
  };
  const logOut = async (token: string): Promise<void> => {
    expect((await request(`${cluster.url}/api/users/logout`, { token })).status).to.equal(200);
  };

  it('by a sign-out: the sockets of the token close on every gateway, and no others', async () => {
    const again = await signIn(cluster.url, eve);
    const gone = [...(await everywhere(eve.token)), ...(await everywhereV1(eve.token))];
    const stay = [
      ...(await everywhere(again.token)),
      ...(await everywhereV1(again.token)),
      ...(await everywhere(ann.token)),
    ];
    expectEnds(await endsSoonAfter(gone, logOut(eve.token)), CLOSE.unauthenticated);
    await expectAlive(stay);
    expect(await statuses(eve.token)).to.deep.equal([401, 401, 401]);
    for (const { url } of cluster.apis) {
      expect((await request(`${url}/ws/get-rooms`, { token: eve.token })).status).to.equal(401);
      expect((await request(`${url}/ws/get-rooms`, { token: again.token })).status).to.equal(200);
    }
  });

  it('by a ban from a room: the user leaves that room only, everywhere, and may return after the ban', async () => {
    const gone = await everywhere(eve.token);
    const stay = await everywhere(eve.token, other);
    const both = await everywhereV1(eve.token);
    const bans = operate(cluster, `POST /users/${eve.id}/ban`, { roomId: room });
    expectEnds(await endsSoonAfter(gone, bans), CLOSE.disconnected);
    for (const socket of both) {
      const frame = await socket.of('room-left', undefined, SOON_MS);
      expect(frame).to.deep.equal({ type: 'room-left', roomId: room, reason: 'banned' });
    }
    await expectAlive([...stay, ...both], other);
    expect(await statuses(eve.token)).to.deep.equal([403, 403, 403]);
    expect(await statuses(eve.token, other)).to.deep.equal([101, 101, 101]);

    await operate(cluster, `DELETE /users/${eve.id}/ban?roomId=${room}`);
    expect(await statuses(eve.token)).to.deep.equal([101, 101, 101]);
  });

  it('by a ban from everything: all sockets of the user close, with every token, until the ban ends', async () => {
    const again = await signIn(cluster.url, eve);
    const gone = [
      ...(await everywhere(eve.token)),
      ...(await everywhere(again.token, other)),
      ...(await everywhereV1(again.token)),
    ];
    const stay = await everywhere(ann.token);
    const until = new Date(Date.now() + patiently(5_000)).toISOString();
    const ends = await endsSoonAfter(gone, operate(cluster, `POST /users/${eve.id}/ban`, { until }));
    expectEnds(ends, CLOSE.disconnected);
    expect(await statuses(eve.token)).to.deep.equal([403, 403, 403]);
    const { email, password } = eve;
    const signingIn = () => request(`${cluster.url}/api/users/signin`, { body: { email, password } });
    expect((await signingIn()).status).to.equal(403);
    await expectAlive(stay);

    await eventually(async () => expect((await signingIn()).status).to.equal(200));
    expect(await statuses(again.token)).to.deep.equal([101, 101, 101]);
  });

  it('by an operator who disconnects the user: all sockets close, and the user may reconnect', async () => {
    const gone = [...(await everywhere(eve.token)), ...(await everywhereV1(eve.token))];
    const stay = await everywhere(ann.token);
    const sent = operate(cluster, `POST /users/${eve.id}/disconnect`);
    expectEnds(await endsSoonAfter(gone, sent), CLOSE.disconnected);
    await expectAlive([...stay, ...(await everywhere(eve.token))]);
  });

  it('by an operator who removes the user from a room: from that one only, and the user may return', async () => {
    const gone = await everywhere(eve.token);
    const both = await everywhereV1(eve.token);
    const sent = operate(cluster, `POST /users/${eve.id}/disconnect`, { roomId: room });
    expectEnds(await endsSoonAfter(gone, sent), CLOSE.disconnected);
    for (const socket of both)
      expect((await socket.of('room-left', undefined, SOON_MS)).reason).to.equal('disconnected');
    await expectAlive(both, other);
    for (const socket of both) await socket.join(room);
    await expectAlive(both);
  });

  it('by the expiry of a token: its sockets close then, and not before', async () => {
    const seconds = Math.ceil(patiently(4));
    const signedAt = Date.now();
    const token = new Tokens(cluster.jwtSecret, seconds).sign(eve);
    const gone = [...(await everywhere(token)), ...(await everywhereV1(token))];
    const stay = await everywhere(eve.token);
    const ends = await Promise.all(gone.map((socket) => socket.ended));
    const lasted = Date.now() - signedAt;
    expectEnds(ends, CLOSE.unauthenticated);
    // The end of a token is a whole second, and looked at once a second.
    expect(lasted).to.be.within((seconds - 1) * 1_000, (seconds + 1) * 1_000 + SOON_MS);
    await expectAlive(stay);
  });

  it('ends as soon as gateways that were cut off from Redis during the announcement reach it again', async () => {
    const bob = await createPerson(cluster.url, 'bob');
    const gone = [...(await everywhere(eve.token)), ...(await everywhereV1(eve.token))];
    const banned = [...(await everywhere(bob.token)), ...(await everywhereV1(bob.token))];
    const stay = await everywhere(ann.token);
    const { undo } = await redis.cutSubscribers();
    try {
      await eventually(async () => expect(await redis.controlSubscribers()).to.equal(0));
      await logOut(eve.token);
      await operate(cluster, `POST /users/${bob.id}/ban`, {});
      expect(await redis.controlSubscribers(), 'gateways that heard of it').to.equal(0);
    } finally {
      await undo();
    }
    await eventually(async () => expect(await redis.controlSubscribers()).to.equal(3));
    const back = Promise.resolve();
    expectEnds(await endsSoonAfter(gone, back), CLOSE.unauthenticated);
    expectEnds(await endsSoonAfter(banned, back), CLOSE.disconnected);
    await expectAlive(stay);
  });

  it('is not affected by an announcement of an operator, which each socket receives once', async () => {
    const content = 'Back in a minute.\nStay.';
    const sockets = [
      ...(await everywhere(eve.token)),
      ...(await everywhereV1(eve.token)),
      ...(await everywhere(ann.token, other)),
    ];
    await operate(cluster, 'POST /broadcast', { content });
    for (const socket of sockets) await (socket as PlainSocket).next((frame) => frame.type === 'broadcast');
    // Whatever came twice is there before this is.
    await expectAlive(sockets.slice(0, 6));
    await expectAlive(sockets.slice(6), other);
    for (const socket of sockets) {
      const frames = socket.frames.filter((frame) => frame.type === 'broadcast');
      expect(frames.map((frame) => frame.type === 'broadcast' && frame.content)).to.deep.equal([content]);
    }
  });
});
