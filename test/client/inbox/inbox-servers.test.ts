import {
  ChorusApi,
  ChorusClient,
  deleteMessage,
  edit,
  Inbox,
  MessageList,
  openDirectRoom,
  putMember,
  Receipts,
  type Room,
  react,
  removeMember,
} from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { createPerson, type Person } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';

describe('the inbox and the receipts of the client, and real servers', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let ann: Person;
  let ben: Person;
  let clients: ChorusClient[];
  before(async () => {
    cluster = await startTestCluster({ gateways: 2, apis: 1 });
    [ann, ben] = [await createPerson(cluster.url), await createPerson(cluster.url)];
  });
  after(() => cluster?.close());
  beforeEach(() => {
    clients = [];
  });
  afterEach(() => Promise.all(clients.map((client) => client.close())));

  const connect = ({ token }: Person): ChorusClient => {
    const client = new ChorusClient({
      ...{ url: cluster.url, token, webSocket: WebSocket, backoff: { baseMs: 50, capMs: 300 } },
    });
    clients.push(client);
    client.connect();
    return client;
  };
  const createRoom = async (): Promise<number> => {
    const api = new ChorusApi({ url: cluster.url, token: ann.token });
    const { id } = await api.createRoom({ name: 'plans', kind: 'private' });
    await putMember(api, id, ben.id);
    return id;
  };
  const enter = async (person: Person, roomId: number): Promise<Room> => {
    const room = connect(person).join(roomId);
    await room.joined();
    return room;
  };
  const counts = (inbox: Inbox, roomId: number): unknown => {
    const found = inbox.entries.find(({ room }) => room.id === roomId);
    return found && [found.unread, found.mentions];
  };
  const shows = (inboxes: readonly Inbox[], roomId: number, expected: unknown): Promise<void> =>
    eventually(() => {
      for (const inbox of inboxes) expect(counts(inbox, roomId)).to.deep.equal(expected);
    });

  it('shows the same counts on all devices: messages, mentions, deletions, readings', async () => {
    const roomId = await createRoom();
    const devices = [new Inbox(connect(ben)), new Inbox(connect(ben))];
    const [phone] = devices;
    await shows(devices, roomId, [0, 0]);
    const room = await enter(ann, roomId);
    const { position: first } = await room.send('first');
    await room.send('second', { mentions: [ben.id] });
    const { position: third } = await room.send('third', { mentions: ['room'] });
    await react(room, first, '👍');
    await shows(devices, roomId, [3, 2]);
    await deleteMessage(room, third);
    await shows(devices, roomId, [2, 1]);
    phone?.markRead(roomId, first);
    await shows(devices, roomId, [1, 1]);
    phone?.markRead(roomId);
    await shows(devices, roomId, [0, 0]);
    phone?.markUnread(roomId, first);
    await shows(devices, roomId, [2, 1]);
    const own = await enter(ben, roomId);
    await own.send('mine');
    await shows(devices, roomId, [0, 0]);
    await shows([new Inbox(connect(ben))], roomId, [0, 0]);
  });

  it('follows memberships, direct rooms and reconnects', async () => {
    const roomId = await createRoom();
    const client = connect(ben);
    const inbox = new Inbox(client);
    await shows([inbox], roomId, [0, 0]);
    const annClient = connect(ann);
    const direct = await openDirectRoom(annClient, [ben.id]);
    await annClient.join(direct.id).send('hello');
    await shows([inbox], direct.id, [1, 0]);
    await eventually(() => {
      expect(inbox.entries[0]?.room.id).to.equal(direct.id);
      expect(inbox.entries[0]?.lastMessage?.content).to.equal('hello');
    });
    client.disconnect();
    await annClient.join(direct.id).send('are you there?');
    await removeMember(annClient, roomId, ben.id);
    client.connect();
    await shows([inbox], direct.id, [2, 0]);
    await shows([inbox], roomId, undefined);
    await putMember(annClient, roomId, ben.id);
    await eventually(() => expect(counts(inbox, roomId)).to.not.equal(undefined));
  });

  it('keeps receipts, of reading and of own messages', async () => {
    const roomId = await createRoom();
    const room = await enter(ann, roomId);
    const receipts = new Receipts(connect(ann), room);
    await eventually(() => expect(receipts.list.map(({ id }) => id)).to.have.members([ann.id, ben.id]));
    const { position } = await room.send('seen?');
    const readers = (): number[] => receipts.readBy(position).map(({ id }) => id);
    await eventually(() => expect(readers()).to.deep.equal([ann.id]));
    const inbox = new Inbox(connect(ben));
    await shows([inbox], roomId, [1, 0]);
    inbox.markRead(roomId);
    await eventually(() => expect(readers()).to.have.members([ann.id, ben.id]));
    inbox.markUnread(roomId, position);
    await eventually(() => expect(readers()).to.deep.equal([ann.id]));
  });

  it('shows an edited last message as it is now', async () => {
    const roomId = await createRoom();
    const client = connect(ben);
    const inbox = new Inbox(client, { lastMessages: () => true });
    const joined = client.join(roomId);
    const list = new MessageList(joined);
    await joined.joined();
    const room = await enter(ann, roomId);
    const { position } = await room.send('helo');
    const last = (): unknown => inbox.entries.find((entry) => entry.room.id === roomId)?.lastMessage?.content;
    await eventually(() => expect(last()).to.equal('helo'));
    await edit(room, position, 'hello');
    await eventually(() => expect([last(), list.messages.at(-1)?.content]).to.deep.equal(['hello', 'hello']));
  });
});
