import { connectPlain, eventually, type PlainSocket, upgradeStatus } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';
import { RedisProbe } from '../../support/servers/redis-probe.js';

/** A lease to be renewed, and with it presence to be written again, within a second. */
const LEASE_MS = 1_500;
/** No room has this id. */
const NOWHERE = 123_456_789_012_345;

describe('a Redis that has lost everything', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  let redis: RedisProbe;
  let people: Person[];
  let room: number;
  /** A room without members: gateways ask Redis whether it can be entered. */
  let quiet: number;
  let members: PlainSocket[];

  before(async () => {
    cluster = await startTestCluster({ env: { PRESENCE_LEASE_MS: String(LEASE_MS), ROOM_LINGER_MS: '0' } });
    redis = await RedisProbe.open(cluster);
    people = [];
    for (const name of ['ann', 'bob', 'cat']) people.push(await createPerson(cluster.url, name));
  });
  after(async () => {
    redis?.close();
    await cluster?.close();
  });

  const owner = (): Person => {
    const [first] = people;
    if (first === undefined) throw new Error('nobody is there');
    return first;
  };

  beforeEach(async () => {
    room = await createRoom(cluster.url, owner());
    quiet = await createRoom(cluster.url, owner());
    members = [];
    for (const [index, { token, username }] of people.entries()) {
      const member = await connectPlain(cluster.gateways[index]?.url ?? '', room, token);
      await member.next((frame) => frame.type === 'joined' && frame.username === username);
      members.push(member);
    }
    members[0]?.send('before');
    await Promise.all(members.map((member) => member.message('before')));
  });
  afterEach(() => Promise.all(members.map((member) => member.close())));

  const statuses = (roomId: number): Promise<number[]> =>
    Promise.all(cluster.gateways.map(({ url }) => upgradeStatus(url, roomId, owner().token)));
  /** Rooms that exist come back one by one; when all are there, a room that does not exist is unknown. */
  const untilRestored = async (): Promise<void> => {
    const seen = new Set<number>();
    await eventually(async () => {
      for (const status of await statuses(quiet)) seen.add(status);
      expect(await statuses(NOWHERE)).to.deep.equal([404, 404, 404]);
    });
    expect([...seen], 'a room that exists was called unknown').to.not.include(404);
    expect(await statuses(quiet)).to.deep.equal([101, 101, 101]);
  };
  const freeze = (): void => {
    for (const api of cluster.apis) api.kill('SIGSTOP');
  };
  const thaw = (): void => {
    for (const api of cluster.apis) api.kill('SIGCONT');
  };

  it('makes gateways answer "try again", never "unknown", until an API has told them all rooms', async () => {
    freeze();
    try {
      await redis.loseAll();
      expect(await statuses(quiet)).to.deep.equal([503, 503, 503]);
      expect(await statuses(NOWHERE)).to.deep.equal([503, 503, 503]);
    } finally {
      thaw();
    }
    await untilRestored();
  });

  it('makes gateways refuse messages meanwhile, and those who are in a room chat on afterwards', async () => {
    freeze();
    try {
      await redis.loseAll();
      for (const member of members) {
        member.send('lost');
        expect(await member.next(({ type }) => type === 'error')).to.include({
          content: 'not sent: temporarily unavailable, try again',
          roomId: room,
          username: '',
          retry: true,
        });
      }
    } finally {
      thaw();
    }
    await untilRestored();
    for (const [index, member] of members.entries()) {
      member.send(`after ${index}`);
      await Promise.all(members.map((each) => each.message(`after ${index}`)));
    }
    for (const member of members) {
      const contents = await member.messages(4);
      expect(contents).to.deep.equal(['before', 'after 0', 'after 1', 'after 2']);
    }
  });

  it('learns again who is present, and no arrival or departure is announced', async () => {
    const clients = () => request(`${cluster.url}/ws/get-clients/${room}`, { token: owner().token });
    const everybody = people.map(({ id, username }) => ({ id, username }));
    expect((await clients()).body).to.deep.equal(everybody);
    await redis.loseAll();
    await eventually(async () => expect((await clients()).body).to.deep.equal(everybody));
    await untilRestored();
    members[0]?.send('after');
    await Promise.all(members.map((member) => member.message('after')));
    // The first has seen all three enter; each once, as before.
    const notices = members[0]?.frames.filter(({ type }) => type !== 'message') ?? [];
    expect(notices.map(({ type, username }) => `${type} ${username}`)).to.deep.equal(
      people.map(({ username }) => `joined ${username}`),
    );
  });
});
