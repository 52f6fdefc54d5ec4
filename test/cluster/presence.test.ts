import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import type { TestCluster } from '../support/servers/cluster.js';
import { sharedCluster } from '../support/servers/shared.js';

describe('presence, over three gateways', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  let watcher: Person;
  let ann: Person;
  let marker: Person;
  let room: number;
  let open: PlainSocket[];
  /** On the last gateway, from the beginning. */
  let watching: PlainSocket;

  before(async () => {
    cluster = await sharedCluster();
    [watcher, ann, marker] = [
      await createPerson(cluster.url, 'watcher'),
      await createPerson(cluster.url, 'ann'),
      await createPerson(cluster.url, 'marker'),
    ];
  });

  beforeEach(async () => {
    room = await createRoom(cluster.url, watcher);
    open = [];
    watching = await join(watcher, 2);
    await watching.next(({ username }) => username === watcher.username);
  });
  afterEach(() => Promise.all(open.map((socket) => socket.close())));

  const join = async (person: Person, gateway: number): Promise<PlainSocket> => {
    const socket = await connectPlain(cluster.gateways[gateway]?.url ?? '', room, person.token);
    open.push(socket);
    return socket;
  };
  const clients = async (path = `/${room}`): Promise<unknown> => {
    const answers = await Promise.all(
      cluster.apis.map(({ url }) => request(`${url}/ws/get-clients${path}`, { token: watcher.token })),
    );
    for (const { body } of answers) expect(body).to.deep.equal(answers[0]?.body);
    return answers[0]?.body;
  };
  const listed = (...people: Person[]) => people.map(({ id, username }) => ({ id, username }));
  /** What the watcher has been told about somebody. */
  const toldAbout = (person: Person): string[] =>
    watching.frames.filter(({ username }) => username === person.username).map(({ type }) => type);
  const told = (type: 'joined' | 'left', person: Person, timeoutMs?: number) =>
    watching.next((frame) => frame.type === type && frame.username === person.username, timeoutMs);
  /**
   * Somebody enters through that gateway, and leaves. When the watcher hears of that, they have heard
   * of everybody who left through it before.
   */
  const passThrough = async (gateway: number): Promise<{ leave(): Promise<unknown> }> => {
    const socket = await join(marker, gateway);
    await told('joined', marker);
    return {
      leave: async () => {
        await socket.close();
        return told('left', marker);
      },
    };
  };

  it('of everybody, wherever they came in, is known to every API and told to every gateway', async () => {
    const anns = await join(ann, 0);
    await told('joined', ann);
    const markers = await join(marker, 1);
    for (const [socket, heard] of [
      [watching, [watcher, ann, marker]],
      [anns, [ann, marker]],
      [markers, [marker]],
    ] as const) {
      const joined = await eventually(() => {
        const names = socket.frames.filter(({ type }) => type === 'joined').map(({ username }) => username);
        expect(names).to.have.length(heard.length);
        return names;
      });
      expect(joined).to.have.members(heard.map(({ username }) => username));
    }
    expect(await clients()).to.deep.equal(listed(watcher, ann, marker));
    await eventually(async () => expect(await clients('')).to.deep.equal(listed(watcher, ann, marker)));

    await anns.close();
    for (const socket of [watching, markers]) {
      const frame = await socket.next(({ type }) => type === 'left');
      expect(frame).to.include({ username: ann.username, content: 'user left the chat' });
    }
    expect(await clients()).to.deep.equal(listed(watcher, marker));
  });

  it('makes one client of a tab on each of two gateways: joined once, left once after the last', async () => {
    const passing = await passThrough(0);
    const first = await join(ann, 0);
    await told('joined', ann);
    const second = await join(ann, 1);
    first.send('one');
    await second.message('one');
    expect(await clients()).to.deep.equal(listed(watcher, ann, marker));

    await first.close();
    await passing.leave();
    expect(await clients()).to.deep.equal(listed(watcher, ann));
    second.send('two');
    await watching.message('two');

    await second.close();
    await told('left', ann);
    expect(await clients()).to.deep.equal(listed(watcher));
    expect(toldAbout(ann)).to.deep.equal(['joined', 'message', 'message', 'left']);
  });

  it('does not end for a user who comes back through another gateway within the grace', async () => {
    const passing = await passThrough(0);
    const first = await join(ann, 0);
    await told('joined', ann);
    // Cut off without a good-bye, as by a network that changes.
    first.socket.terminate();
    const second = await join(ann, 1);
    expect(await clients()).to.deep.equal(listed(watcher, ann, marker));

    await passing.leave();
    second.send('here again');
    await watching.message('here again');
    expect(await clients()).to.deep.equal(listed(watcher, ann));
    expect(toldAbout(ann)).to.deep.equal(['joined', 'message']);
  });

  it('does not end for a user who comes back through the same gateway within the grace', async () => {
    const passing = await passThrough(0);
    const first = await join(ann, 0);
    await told('joined', ann);
    await first.close();
    await join(ann, 0);
    await passing.leave();
    expect(await clients()).to.deep.equal(listed(watcher, ann));
    expect(toldAbout(ann)).to.deep.equal(['joined']);
  });

  it('ends for a user who comes back later than that: they leave and enter again', async () => {
    const first = await join(ann, 0);
    await told('joined', ann);
    await first.close();
    await told('left', ann);
    await join(ann, 1);
    await told('joined', ann);
    expect(toldAbout(ann)).to.deep.equal(['joined', 'left', 'joined']);
  });

  it('is counted room by room', async () => {
    const other = await createRoom(cluster.url, ann);
    const elsewhere = await connectPlain(cluster.gateways[0]?.url ?? '', other, ann.token);
    open.push(elsewhere);
    await elsewhere.next(({ type }) => type === 'joined');
    expect(await clients()).to.deep.equal(listed(watcher));
    expect(await clients(`/${other}`)).to.deep.equal(listed(ann));
    await eventually(async () => expect(await clients('')).to.deep.equal(listed(watcher, ann)));
  });

  it('of a large room is complete, but arrivals and departures are not announced', async () => {
    for (const [person, gateway] of [
      [ann, 0],
      [marker, 1],
    ] as const) {
      await join(person, gateway);
      await watching.next(({ type, username }) => type === 'joined' && username === person.username);
    }
    const fourth = await createPerson(cluster.url, 'fourth');
    const late = await join(fourth, 0);
    const everybody = [watcher, ann, marker, fourth].map(({ id, username }) => ({ id, username }));
    await eventually(async () => expect(await clients()).to.have.deep.members(everybody));
    await late.close();
    await eventually(async () => expect(await clients()).to.have.deep.members(everybody.slice(0, 3)));
    watching.send('silence');
    await watching.message('silence');
    expect(watching.frames.filter(({ username }) => username === fourth.username)).to.deep.equal([]);
  });
});
