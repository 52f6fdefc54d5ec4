import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';
import { RedisProbe } from '../../support/servers/redis-probe.js';

describe('a Redis that restarts', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let people: Person[];
  let room: number;
  let members: PlainSocket[];

  before(async () => {
    const env = { PRESENCE_LEASE_MS: '1500', REDIS_TIMEOUT_MS: '1000' };
    cluster = await startTestCluster({ ownServers: true, apis: 1, env });
    people = [];
    for (const name of ['ann', 'bob', 'cat']) people.push(await createPerson(cluster.url, name));
  });
  after(() => cluster?.close());

  beforeEach(async () => {
    room = await createRoom(cluster.url, owner());
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

  const owner = (): Person => {
    const [first] = people;
    if (first === undefined) throw new Error('nobody is there');
    return first;
  };
  const expectRefused = async (): Promise<void> => {
    for (const member of members) {
      member.send('lost');
      expect(await member.next(({ type }) => type === 'error')).to.deep.equal({
        type: 'error',
        content: 'not sent: temporarily unavailable, try again',
        roomId: room,
        username: '',
        error: 'temporarily unavailable, try again',
        retry: true,
      });
    }
  };
  /** Sends until it goes through. */
  const sendAgain = (member: PlainSocket, content: string): Promise<unknown> =>
    eventually(async () => {
      member.send(content);
      const frame = await member.next((each) => each.type === 'error' || each.content === content);
      expect(frame.type).to.equal('message');
    });
  /** Everybody, on every gateway, is heard by everybody. */
  const expectChatting = async (): Promise<void> => {
    for (const [index, member] of members.entries()) {
      await sendAgain(member, `after ${index}`);
      await Promise.all(members.map((each) => each.messages(index + 2)));
    }
    for (const member of members) {
      const contents = await member.messages(4);
      expect(contents).to.deep.equal(['before', 'after 0', 'after 1', 'after 2']);
    }
  };
  const expectNobodyMoved = async (): Promise<void> => {
    const everybody = people.map(({ id, username }) => ({ id, username }));
    await eventually(async () => {
      const answer = await request(`${cluster.url}/ws/get-clients/${room}`, { token: owner().token });
      expect(answer.body).to.deep.equal(everybody);
    });
    const notices = members[0]?.frames.filter(({ type }) => type === 'joined' || type === 'left') ?? [];
    expect(notices.map(({ type, username }) => `${type} ${username}`)).to.deep.equal(
      people.map(({ username }) => `joined ${username}`),
    );
    for (const { socket } of members) expect(socket.readyState).to.equal(socket.OPEN);
  };

  it('closes no socket: messages are refused while it is away, and the room goes on after', async () => {
    await cluster.redis.member?.stop();
    await expectRefused();
    await cluster.redis.member?.start();
    await expectChatting();
    await expectNobodyMoved();
    expect(members.map(numbers)).to.deep.equal(members.map(() => [1, 2, 3, 4]));
  });

  it('does the same when it is killed, whatever it had not written yet', async () => {
    cluster.redis.member?.kill('SIGKILL');
    await cluster.redis.member?.exited();
    await expectRefused();
    await cluster.redis.member?.start();
    await expectChatting();
    await expectNobodyMoved();
  });

  it('does the same when it comes back empty', async () => {
    const redis = await RedisProbe.open(cluster);
    const folder = await redis.dataFolder();
    redis.close();
    await cluster.redis.member?.stop();
    await rm(join(folder, 'appendonlydir'), { recursive: true });
    await expectRefused();
    await cluster.redis.member?.start();
    await expectChatting();
    await expectNobodyMoved();
  });

  it('is not needed: while Redis hangs, messages are refused as well, and no socket is closed', async () => {
    cluster.redis.member?.kill('SIGSTOP');
    await expectRefused();
    cluster.redis.member?.kill('SIGCONT');
    // What was refused may have been waiting in the server: its fate was unknown.
    await Promise.all(members.map((member) => sendAgain(member, 'after')));
    await expectNobodyMoved();
  });
});

function numbers({ frames }: PlainSocket): number[] {
  return frames.flatMap((frame) => (frame.type === 'message' ? frame.seq : []));
}
