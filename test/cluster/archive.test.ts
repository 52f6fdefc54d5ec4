import type { MessageFrame } from '@chorus/protocol';
import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { ArchiveProbe, readBack, readOn, type Said, said } from '../support/archive.js';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { RedisProbe } from '../support/servers/redis-probe.js';

const LEASE_MS = 1_000;
/** Fewer than are sent, so that reading needs both tiers. */
const HISTORY_SIZE = 20;

const messagesOf = ({ frames }: PlainSocket): Said[] =>
  frames.filter((frame): frame is MessageFrame => frame.type === 'message').map(said);
const errorsOf = ({ frames }: PlainSocket) => frames.filter((frame) => frame.type === 'error');
/** How many messages of its own a client has received, or been refused. */
const answersTo = ({ frames }: PlainSocket, { id }: Person): number =>
  frames.filter((frame) => frame.type === 'error' || (frame.type === 'message' && frame.userId === id))
    .length;

describe('the archive', function () {
  this.timeout(90_000);

  let cluster: TestCluster;
  let archive: ArchiveProbe;
  let ann: Person;

  before(async () => {
    cluster = await startTestCluster({
      ownServers: true,
      gateways: 2,
      apis: 1,
      archivers: 2,
      env: {
        ARCHIVE_INTERVAL_MS: '20',
        ARCHIVE_BATCH_MESSAGES: '25',
        ARCHIVE_LEASE_MS: String(LEASE_MS),
        HISTORY_SIZE: String(HISTORY_SIZE),
        DATABASE_TIMEOUT_MS: '1000',
        MAX_MESSAGES_PER_SECOND: '10000',
      },
    });
    archive = new ArchiveProbe(cluster);
    ann = await createPerson(cluster.url, 'ann');
  });
  after(async () => {
    await archive?.close();
    await cluster?.close();
  });

  /** A new room with somebody on each gateway. */
  const enter = async (): Promise<{ room: number; members: PlainSocket[] }> => {
    const room = await createRoom(cluster.url, ann);
    const members = await Promise.all(cluster.gateways.map(({ url }) => connectPlain(url, room, ann.token)));
    return { room, members };
  };
  const close = (members: readonly PlainSocket[]) => Promise.all(members.map((member) => member.close()));
  const expectArchived = (room: number, expected: readonly Said[], withinMs = 15_000) =>
    eventually(async () => expect(await archive.messages(room)).to.deep.equal(expected), withinMs);
  /** Sends from all members in turn; resolves when everybody has everything. */
  const send = async (members: readonly PlainSocket[], count: number, paceMs = 0): Promise<void> => {
    const before = members.map((member) => messagesOf(member).length);
    for (let n = 0; n < count; n++) {
      members[n % members.length]?.send(`message ${n}`);
      if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, paceMs));
    }
    await Promise.all(members.map((member, index) => member.messages((before[index] ?? 0) + count, 20_000)));
  };

  it('takes over what an archiver that was killed was at, and stores each message once', async () => {
    const rooms = await Promise.all([enter(), enter(), enter()]);
    let killing = true;
    const sending = Promise.all(
      rooms.map(async ({ members }) => {
        while (killing) await send(members, 60, 20);
      }),
    );
    const count = async (): Promise<number> =>
      (await Promise.all(rooms.map(({ room }) => archive.messages(room)))).flat().length;
    const [first, second] = cluster.archivers;
    for (const archiver of [first, second, first]) {
      // In mid-flow: while the database is being written.
      const before = await count();
      await eventually(async () => expect(await count()).to.be.above(before));
      archiver?.kill('SIGKILL');
      await archiver?.exited();
      await archiver?.start();
    }
    killing = false;
    await sending;
    for (const { room, members } of rooms) {
      const [received = [], others] = members.map(messagesOf);
      expect(received.length).to.be.at.least(120);
      expect(others).to.deep.equal(received);
      await expectArchived(room, received);
      await close(members);
    }
  });

  it('ends an archiver with status 0 in mid-flow, and the other one goes on', async () => {
    const { room, members } = await enter();
    const sending = send(members, 400, 20);
    const [first] = cluster.archivers;
    await eventually(async () => expect(await archive.messages(room)).to.not.deep.equal([]));
    const ended = first?.exited();
    first?.kill('SIGTERM');
    expect(await ended).to.deep.equal({ code: 0, signal: null });
    await sending;
    await expectArchived(room, messagesOf(members[0] as PlainSocket));
    await first?.start();
    await close(members);
  });

  it('keeps everything while PostgreSQL is away, chats on, and catches up', async () => {
    const { room, members } = await enter();
    await send(members, 50);
    const stoppedAt = cluster.log.length;
    await cluster.postgres.member?.stop();
    await send(members, 300);
    for (const archiver of cluster.archivers) {
      const health = async () => (await fetch(`${archiver.url}/readyz`)).json();
      await eventually(async () =>
        expect(await health()).to.deep.equal({ status: 'degraded', error: 'PostgreSQL cannot be reached' }),
      );
    }
    // Before and after the outage, a slow database may time out, which is a line of its own.
    const linesOfOutage = cluster.log.slice(stoppedAt);
    await cluster.postgres.member?.start();
    await send(members, 50);
    const received = messagesOf(members[0] as PlainSocket);
    expect(received).to.have.length(400);
    await expectArchived(room, received);
    for (const archiver of cluster.archivers) {
      const health = async () => (await fetch(`${archiver.url}/readyz`)).json();
      await eventually(async () => expect(await health()).to.deep.equal({ status: 'ready' }));
      const complaints = linesOfOutage.filter(
        (line) => line.startsWith(archiver.nodeId) && line.includes('messages cannot be stored'),
      );
      expect(complaints.length, 'one line for the outage').to.be.at.most(1);
    }
    await close(members);
  });

  it('is read as one history with what is not stored yet, both ways, while the room goes on', async () => {
    const { room, members } = await enter();
    await send(members, 200);
    const going = (async () => {
      for (let burst = 0; burst < 25; burst++) await send(members, 20, 20);
    })();
    let ended = false;
    void going.finally(() => {
      ended = true;
    });
    let rounds = 0;
    for (; !ended; rounds++) {
      for (const read of [
        await readBack(cluster.url, ann, room, 30),
        await readOn(cluster.url, ann, room, 30),
      ]) {
        const received = messagesOf(members[0] as PlainSocket);
        expect(read.length).to.be.at.least(200);
        expect(read.map(({ seq }) => seq)).to.deep.equal(read.map((_, index) => index + 1));
        expect(read.slice(0, received.length)).to.deep.equal(received.slice(0, read.length));
      }
    }
    await going;
    expect(rounds, 'walks while the room went on').to.be.at.least(1);
    const received = messagesOf(members[0] as PlainSocket);
    expect(await readBack(cluster.url, ann, room)).to.deep.equal(received);
    expect(await readOn(cluster.url, ann, room, 7)).to.deep.equal(received);
    await close(members);
  });

  it('is trimmed from Redis, but for the newest', async () => {
    const { room, members } = await enter();
    await send(members, 100);
    const redis = await RedisProbe.open(cluster);
    await eventually(async () => expect(await redis.historyLength(room)).to.equal(HISTORY_SIZE));
    redis.close();
    await expectArchived(room, messagesOf(members[0] as PlainSocket));
    await close(members);
  });

  it('goes with its room', async () => {
    const { room, members } = await enter();
    const other = await enter();
    const sending = send(other.members, 100, 5);
    await send(members, 50);
    const deleted = await fetch(`${cluster.url}/api/rooms/${room}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ann.token}` },
    });
    expect(deleted.status).to.equal(204);
    await sending;
    await expectArchived(other.room, messagesOf(other.members[0] as PlainSocket));
    await expectArchived(room, []);
    await close(other.members);
  });

  it('says where numbering goes on when Redis has lost everything', async () => {
    const { room, members } = await enter();
    await send(members, 30);
    const before = messagesOf(members[0] as PlainSocket);
    await expectArchived(room, before);
    const redis = await RedisProbe.open(cluster);
    await redis.loseAll();
    redis.close();
    // Refused until an API has brought the rooms back.
    await eventually(async () => {
      members[0]?.send('after');
      const frame = await members[0]?.next(({ type, content }) => type === 'error' || content === 'after');
      expect(frame?.type).to.equal('message');
    });
    const received = messagesOf(members[0] as PlainSocket);
    expect(received.at(-1)?.seq).to.equal(31);
    expect(received.at(-1)?.epoch).to.be.above(before[0]?.epoch ?? 0);
    await expectArchived(room, received);
    expect(await readBack(cluster.url, ann, room, 7)).to.deep.equal(received);
    await close(members);
  });
});

describe('the budget of messages that are not stored', function () {
  this.timeout(90_000);

  const BUDGET_BYTES = 1_048_576;
  let cluster: TestCluster;
  let archive: ArchiveProbe;

  before(async () => {
    cluster = await startTestCluster({
      gateways: 2,
      apis: 1,
      archivers: 1,
      env: {
        ARCHIVE_BACKLOG_BYTES: String(BUDGET_BYTES),
        ARCHIVE_INTERVAL_MS: '20',
        MAX_MESSAGES_PER_SECOND: '10000',
      },
    });
    archive = new ArchiveProbe(cluster);
  });
  after(async () => {
    await archive?.close();
    await cluster?.close();
  });

  it('has senders try again later when it is used up, and loses nothing that was accepted', async () => {
    const people = await Promise.all(['ann', 'ben', 'cat'].map((name) => createPerson(cluster.url, name)));
    const [ann] = people as [Person, Person, Person];
    const room = await createRoom(cluster.url, ann);
    const enter = (gateway: number, { token }: Person): Promise<PlainSocket> =>
      connectPlain(cluster.gateways[gateway]?.url ?? '', room, token);
    const listener = await enter(1, ann);
    await cluster.archivers[0]?.stop();

    const text = 'x'.repeat(10_000);
    const sent = Math.ceil((BUDGET_BYTES * 0.6) / text.length);
    const senders: PlainSocket[] = [];
    const accepted: number[] = [];
    for (const person of people) {
      const sender = await enter(0, person);
      senders.push(sender);
      for (let n = 0; n < sent; n++) sender.send(`${person.username} ${n} ${text}`);
      await eventually(() => expect(answersTo(sender, person)).to.equal(sent));
      expect(errorsOf(sender).length).to.be.above(5);
      for (const frame of errorsOf(sender)) expect(frame).to.include({ retry: true, roomId: room });
      accepted.push(sent - errorsOf(sender).length);
    }
    // The first one leaves half to the others.
    for (const [at, share] of [0.5, 0.25, 0.25].entries()) {
      const bytes = (accepted[at] ?? 0) * text.length;
      expect(bytes / BUDGET_BYTES, `${at}`).to.be.within(share - 0.1, share + 0.05);
    }

    await cluster.archivers[0]?.start();
    const [cat, last] = [people.at(-1) as Person, senders.at(-1) as PlainSocket];
    await eventually(async () => {
      const before = answersTo(last, cat);
      last.send('again');
      await eventually(() => expect(answersTo(last, cat)).to.equal(before + 1));
      expect(messagesOf(last).at(-1)?.content).to.equal('again');
    });
    const count = accepted.reduce((sum, each) => sum + each, 1);
    await eventually(() => expect(messagesOf(listener)).to.have.length(count));
    const all = messagesOf(listener);
    await eventually(() => expect(messagesOf(senders[0] as PlainSocket)).to.deep.equal(all));
    await eventually(async () => expect(await archive.messages(room)).to.deep.equal(all));
    expect(await readBack(cluster.url, ann, room, 7)).to.deep.equal(all);
    expect(await readOn(cluster.url, ann, room, 9)).to.deep.equal(all);
    await Promise.all([...senders, listener].map((client) => client.close()));
  });
});
