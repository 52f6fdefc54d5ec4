import type { MessageFrame } from '@chorus/protocol';
import { connectPlain, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import type { TestCluster } from '../support/servers/cluster.js';
import { sharedCluster } from '../support/servers/shared.js';

const SENDERS = 10;
const MESSAGES_EACH = 100;

function messagesOf(client: PlainSocket): MessageFrame[] {
  return client.frames.filter((frame) => frame.type === 'message');
}

/** What must be equal for everybody: each message with its place. */
function sequenceOf(client: PlainSocket): string[] {
  return messagesOf(client).map(({ seq, id, username, content }) => `${seq} ${id} ${username}: ${content}`);
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);

describe('the order of messages, over three gateways', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let people: Person[];
  before(async () => {
    cluster = await sharedCluster();
    people = await Promise.all(range(0, 30).map(() => createPerson(cluster.url)));
  });

  /** The first `count` people enter a room, in turn on each gateway. */
  const fill = async (room: number, count: number): Promise<PlainSocket[]> =>
    Promise.all(
      people.slice(0, count).map(({ token }, index) => {
        const gateway = cluster.gateways[index % cluster.gateways.length];
        return connectPlain(gateway?.url ?? '', room, token);
      }),
    );
  const newRoom = async (): Promise<number> => createRoom(cluster.url, await createPerson(cluster.url));

  /** All senders at once, as fast as they can. */
  const sendFrom = (clients: readonly PlainSocket[], count = MESSAGES_EACH): void => {
    for (const index of range(0, count)) for (const client of clients) client.send(`message ${index}`);
  };

  const closeAll = (clients: readonly PlainSocket[]) => Promise.all(clients.map((client) => client.close()));

  const expectOneOrder = async (members: readonly PlainSocket[], senders: number, each = MESSAGES_EACH) => {
    const total = senders * each;
    await Promise.all(members.map((member) => member.messages(total, 30_000)));
    const [first, ...others] = members.map(sequenceOf);
    for (const other of others) expect(other).to.deep.equal(first);

    const messages = members[0] === undefined ? [] : messagesOf(members[0]);
    expect(messages.map(({ seq }) => seq)).to.deep.equal(range(1, total));
    const authors = new Set(messages.map(({ userId }) => userId));
    expect(authors.size).to.equal(senders);
    for (const author of authors) {
      const sent = messages.filter(({ userId }) => userId === author);
      expect(sent.map(({ content }) => content)).to.deep.equal(range(0, each).map((at) => `message ${at}`));
    }
  };

  it('is the same for all 30 members of a room, complete, and that of each sender', async () => {
    const members = await fill(await newRoom(), 30);
    sendFrom(members.slice(0, SENDERS));
    await expectOneOrder(members, SENDERS);
    await closeAll(members);
  });

  it('holds in each of several rooms that are busy at once', async () => {
    const sizes = [6, 9, 12];
    const rooms = await Promise.all(sizes.map(async (size) => fill(await newRoom(), size)));
    for (const members of rooms) sendFrom(members);
    await Promise.all(rooms.map((members) => expectOneOrder(members, members.length)));
    await closeAll(rooms.flat());
  });

  it('is seen without a hole from the moment somebody enters, on whichever gateway', async () => {
    const room = await newRoom();
    const members = await fill(room, SENDERS);
    const half = MESSAGES_EACH / 2;
    sendFrom(members, half);
    const late = await fill(room, 9);
    sendFrom(members, half);
    const total = SENDERS * MESSAGES_EACH;
    await Promise.all(members.map((member) => member.messages(total, 30_000)));
    const complete = members[0] === undefined ? [] : sequenceOf(members[0]);
    for (const client of late) {
      await client.next((frame) => frame.type === 'message' && frame.seq === total);
      const seen = sequenceOf(client);
      expect(seen.length).to.be.at.least(SENDERS * half);
      expect(seen).to.deep.equal(complete.slice(-seen.length));
    }
    await closeAll([...members, ...late]);
  });
});
