import { Tokens } from '@chorus/auth';
import { createDatabase, type Database } from '@chorus/database';
import { listenForEvents } from '@chorus/database/testing';
import { connectPlain, eventually, type PlainSocket, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { createPerson, createRoom } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { RedisProbe } from '../support/servers/redis-probe.js';

const LEASE_MS = 1_500;
const GRACE_MS = 200;
/** How long faults and their consequences may take, in milliseconds. */
const HEAL_MS = patiently(30_000);
/** The gateway of the watchers. It is not killed. */
const WATCHED = 2;

interface Event {
  readonly type: string;
  readonly data: { roomId: number; user: { id: number }; at: number; inferred?: boolean };
}

describe('events of presence, over three gateways', function () {
  this.timeout(180_000);

  let cluster: TestCluster;
  let db: Database;
  let tokens: Tokens;
  let room: number;
  /** Is in the room from before the test, and receives what clients are told. */
  let watching: PlainSocket;
  let watcher: number;
  let sockets: PlainSocket[];
  let users = 1_000_000;

  before(async () => {
    cluster = await startTestCluster({
      ...{ gateways: 3, apis: 1, archivers: 2, dispatchers: 1, ownServers: true },
      env: {
        ...OPERATOR_SETTINGS,
        PRESENCE_LEASE_MS: String(LEASE_MS),
        PRESENCE_GRACE_MS: String(GRACE_MS),
        ARCHIVE_INTERVAL_MS: '20',
        ARCHIVE_LEASE_MS: '1000',
        MAX_CONNECTIONS_PER_USER: '100',
      },
    });
    db = createDatabase(cluster.postgres.url, { poolSize: 2, timeoutMs: patiently(10_000) });
    tokens = new Tokens(cluster.jwtSecret);
    await listenForEvents(db);
    await untilRecorded();
  });
  after(async () => {
    await db?.$disconnect();
    await cluster?.close();
  });
  beforeEach(async () => {
    const owner = await createPerson(cluster.url, `owner-${users}`);
    watcher = owner.id;
    room = await createRoom(cluster.url, owner);
    watching = await connectPlain(cluster.gateways[WATCHED]?.url ?? '', room, owner.token);
    await watching.next(({ type }) => type === 'joined');
    sockets = [watching];
  });
  afterEach(async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
  });

  const untilRecorded = (): Promise<unknown> =>
    eventually(async () => {
      const known = (await journals()).filter(
        ({ recorded, incarnation }) => recorded && incarnation !== null,
      );
      expect(known).to.have.length(64);
    }, HEAL_MS);
  const journals = () => db.presenceJournal.findMany();
  const newUsers = (count: number): number[] => Array.from({ length: count }, () => users++);
  const enter = async (userId: number, gateway: number): Promise<PlainSocket> => {
    const token = tokens.sign({ id: userId, username: `user-${userId}` });
    const url = cluster.gateways[gateway]?.url ?? '';
    const socket = await eventually(() => connectPlain(url, room, token), HEAL_MS);
    sockets.push(socket);
    return socket;
  };
  const enterAll = (ids: readonly number[], gateway: number): Promise<PlainSocket[]> =>
    Promise.all(ids.map((id) => enter(id, gateway)));
  /** The events of presence in the room, as programs read them. */
  const events = async (): Promise<Event[]> => {
    const found: Event[] = [];
    for (let after = '0'; ; ) {
      const { body } = await operate(cluster, `GET /events?roomId=${room}&limit=500&after=${after}`);
      const page = body as { events: Event[]; next: string };
      if (page.next === after) return found;
      found.push(...page.events.filter(({ type }) => /^presence|occupied|vacated/.test(type)));
      after = page.next;
    }
  };
  const recorded = async (): Promise<string[]> =>
    (await events())
      .filter(({ type }) => type.startsWith('presence'))
      .map(({ type, data }) => `${type.slice('presence.'.length)} ${data.user.id}`);
  /** What clients in the room were told. */
  const told = (): string[] =>
    (watching.frames as Array<{ type: string; userId?: number }>)
      .filter(({ type }) => type === 'joined' || type === 'left')
      .map(({ type, userId }) => `${type} ${userId}`);
  /** Resolves when the events are exactly what clients were told, and that is as many of each type. */
  const untilTold = (joined: number, left: number): Promise<unknown> =>
    eventually(async () => {
      const frames = told();
      expect(frames.filter((frame) => frame.startsWith('joined'))).to.have.length(joined);
      expect(frames.filter((frame) => frame.startsWith('left'))).to.have.length(left);
      expect(await recorded()).to.deep.equal(frames);
    }, HEAL_MS);

  it('are what clients are told, in that order, when gateways and archivers are killed', async () => {
    const [gone, staying] = [newUsers(20), newUsers(20)];
    await Promise.all([enterAll(gone, 0), enterAll(staying, 1)]);
    // Two of them are in the room through another gateway as well.
    const moved = gone.slice(0, 2);
    await enterAll(moved, 1);
    await untilTold(41, 0);
    for (const archiver of cluster.archivers) archiver.kill('SIGKILL');
    cluster.gateways[0]?.kill('SIGKILL');
    await Promise.all(cluster.archivers.map((each) => each.exited()));
    await cluster.gateways[0]?.exited();
    for (const each of [...cluster.archivers, ...cluster.gateways.slice(0, 1)]) await each.start();
    await untilTold(41, 18);
    const left = (await recorded()).filter((event) => event.startsWith('left'));
    expect(left).to.have.members(gone.slice(2).map((id) => `left ${id}`));
    const all = await events();
    expect(all.filter(({ data }) => data.inferred)).to.deep.equal([]);
    expect(all.map(({ type }) => type).filter((type) => type.startsWith('room'))).to.deep.equal([
      'room.occupied',
    ]);
  });

  it('do not tell of sockets that move to another gateway, when theirs is restarted', async () => {
    const ids = newUsers(20);
    const first = await enterAll(ids, 0);
    await untilTold(21, 0);
    const gateway = cluster.gateways[0];
    gateway?.kill('SIGTERM');
    await Promise.all(first.map(({ ended }) => ended));
    await enterAll(ids, 1);
    await gateway?.exited();
    await gateway?.start();
    const marker = await enter(newUsers(1)[0] ?? 0, 0);
    await marker.close();
    await untilTold(22, 1);
  });

  it('vacate a room with its last user, and occupy it with the next one', async () => {
    const [id = 0] = newUsers(1);
    const types = async (): Promise<string[]> =>
      (await events()).map(({ type, data }) => `${type} ${data.user.id}`);
    await watching.close();
    await eventually(async () => expect((await types()).at(-1)).to.equal(`room.vacated ${watcher}`), HEAL_MS);
    const socket = await enter(id, 1);
    await socket.close();
    await eventually(
      async () =>
        expect(await types()).to.deep.equal([
          ...[`presence.joined ${watcher}`, `room.occupied ${watcher}`],
          ...[`presence.left ${watcher}`, `room.vacated ${watcher}`],
          ...[`presence.joined ${id}`, `room.occupied ${id}`, `presence.left ${id}`, `room.vacated ${id}`],
        ]),
      HEAL_MS,
    );
  });

  it('wait while PostgreSQL does not answer', async () => {
    cluster.postgres.member?.kill('SIGSTOP');
    try {
      const ids = newUsers(10);
      const entered = await enterAll(ids, 0);
      await Promise.all(entered.slice(0, 5).map((socket) => socket.close()));
      await eventually(
        () => expect(told().filter((frame) => frame.startsWith('left'))).to.have.length(5),
        HEAL_MS,
      );
    } finally {
      cluster.postgres.member?.kill('SIGCONT');
    }
    await untilTold(11, 5);
    expect((await events()).filter(({ data }) => data.inferred)).to.deep.equal([]);
  });

  it('are none when Redis restarts with all of its data', async () => {
    const ids = newUsers(10);
    await enterAll(ids, 0);
    await untilTold(11, 0);
    const before = new Set((await journals()).map(({ incarnation }) => incarnation));
    cluster.redis.member?.kill('SIGKILL');
    await cluster.redis.member?.exited();
    await cluster.redis.member?.start();
    await eventually(async () => {
      for (const { incarnation } of await journals()) expect(before.has(incarnation)).to.equal(false);
    }, HEAL_MS);
    await untilRecorded();
    expect(await recorded()).to.have.length(11);
    const [late = 0] = newUsers(1);
    await (await enter(late, 1)).close();
    await eventually(
      async () => expect((await recorded()).slice(11)).to.deep.equal([`joined ${late}`, `left ${late}`]),
      HEAL_MS,
    );
  });

  it('after Redis has lost everything tell of those who are gone, once, and of no user who stayed', async () => {
    const [gone, staying] = [newUsers(5), newUsers(5)];
    await Promise.all([enterAll(gone, 0), enterAll(staying, 1)]);
    await untilTold(11, 0);
    cluster.gateways[0]?.kill('SIGKILL');
    const probe = await RedisProbe.open(cluster);
    await probe.loseAll();
    probe.close();
    await cluster.gateways[0]?.exited();
    await cluster.gateways[0]?.start();
    await eventually(async () => {
      const left = (await events()).filter(({ type }) => type === 'presence.left');
      expect(left.map(({ data }) => data.user.id)).to.have.members(gone);
      for (const { data } of left) expect(data.inferred).to.equal(true);
    }, HEAL_MS);
    await untilRecorded();
    expect((await recorded()).slice(11)).to.have.length(5);
    const [late = 0] = newUsers(1);
    const socket = await enter(late, 0);
    await socket.close();
    await eventually(
      async () => expect((await recorded()).slice(-2)).to.deep.equal([`joined ${late}`, `left ${late}`]),
      HEAL_MS,
    );
  });
});
