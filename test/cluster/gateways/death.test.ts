import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '@chorus/cluster';
import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';

const LEASE_MS = 1_500;
/** Longer than the time in which every gateway has looked for dead ones again. */
const LOOK_MS = LEASE_MS / 2;

describe('a gateway that is killed, among four', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  let doomed: Member;
  let survivors: Member[];
  let watcher: Person;
  let room: number;
  /** One on each gateway that survives. */
  let watching: PlainSocket[];
  let open: PlainSocket[];

  before(async () => {
    const env = { PRESENCE_LEASE_MS: String(LEASE_MS), PRESENCE_GRACE_MS: '100', ROOM_LINGER_MS: '100' };
    cluster = await startTestCluster({ gateways: 4, env });
    watcher = await createPerson(cluster.url, 'watcher');
  });
  after(() => cluster?.close());

  beforeEach(async () => {
    const [first, ...others] = cluster.gateways;
    if (first === undefined) throw new Error('there are no gateways');
    [doomed, survivors] = [first, others];
    room = await createRoom(cluster.url, watcher);
    open = [];
    watching = [];
    for (const gateway of survivors) watching.push(await join(watcher, gateway));
    await watching[0]?.next(({ username }) => username === watcher.username);
  });
  afterEach(async () => {
    await Promise.all(open.map((socket) => socket.close()));
    await doomed.start();
  });

  const join = async (person: Person, gateway: Member): Promise<PlainSocket> => {
    const socket = await connectPlain(gateway.url, room, person.token);
    open.push(socket);
    return socket;
  };
  const newcomers = async (count: number): Promise<Person[]> => {
    const people = await Promise.all(Array.from({ length: count }, () => createPerson(cluster.url)));
    return people.sort((a, b) => a.id - b.id);
  };
  const clients = async (): Promise<unknown[]> => {
    const answers = await Promise.all(
      cluster.apis.map(({ url }) => request(`${url}/ws/get-clients/${room}`, { token: watcher.token })),
    );
    return answers.map(({ body }) => body);
  };
  const listed = (people: Person[]) => people.map(({ id, username }) => ({ id, username }));
  /** Resolves when all who watch have been told so of each of these people, in whatever order. */
  const told = (type: 'joined' | 'left', ...people: Person[]) =>
    eventually(() => {
      for (const { frames } of watching) {
        const about = frames.filter((frame) => frame.type === type).map(({ username }) => username);
        expect(about).to.include.members(people.map(({ username }) => username));
      }
    });
  const toldAbout = (person: Person): string[][] =>
    watching.map(({ frames }) =>
      frames.filter(({ username }) => username === person.username).map(({ type }) => type),
    );
  const kill = async (): Promise<void> => {
    doomed.kill('SIGKILL');
    await doomed.exited();
  };

  it('loses its members within one lease', async () => {
    const people = await newcomers(3);
    for (const person of people) await join(person, doomed);
    await told('joined', ...people);
    expect(await clients()).to.deep.equal(cluster.apis.map(() => listed([watcher, ...people])));
    await kill();
    await sleep(LEASE_MS);
    expect(await clients()).to.deep.equal(cluster.apis.map(() => listed([watcher])));
  });

  it('has each of its members announced once, by one of those who could', async () => {
    const people = await newcomers(30);
    await Promise.all(people.map((person) => join(person, doomed)));
    await told('joined', ...people);
    await kill();
    await told('left', ...people);
    await sleep(LOOK_MS);
    for (const person of people) {
      expect(toldAbout(person)).to.deep.equal(watching.map(() => ['joined', 'left']));
    }
  });

  it('does not end the stay of users who come back through another one, or were there all along', async () => {
    const [gone, returning, twice] = (await newcomers(3)) as [Person, Person, Person];
    for (const person of [gone, returning, twice]) await join(person, doomed);
    await join(twice, survivors[1] ?? doomed);
    await told('joined', gone, returning, twice);

    const ends = open.slice(-4, -1).map(({ ended }) => ended);
    await kill();
    for (const end of await Promise.all(ends)) expect(end.code).to.equal(1006);
    const back = await join(returning, survivors[0] ?? doomed);
    await told('left', gone);
    await sleep(LOOK_MS);
    expect(await clients()).to.deep.equal(cluster.apis.map(() => listed([watcher, returning, twice])));
    expect(toldAbout(gone)).to.deep.equal(watching.map(() => ['joined', 'left']));
    expect(toldAbout(returning)).to.deep.equal(watching.map(() => ['joined']));
    expect(toldAbout(twice)).to.deep.equal(watching.map(() => ['joined']));

    back.send('I am back');
    await Promise.all(watching.map((socket) => socket.message('I am back')));
  });

  it('does not touch the others: they chat on, and everybody is sent to them', async () => {
    const [ann] = (await newcomers(1)) as [Person];
    await join(ann, doomed);
    await kill();
    const [first] = watching;
    for (let index = 0; index < 20; index++) first?.send(`message ${index}`);
    for (const socket of watching) expect(await socket.messages(20)).to.have.length(20);
    for (let attempt = 0; attempt < 8; attempt++) {
      const socket = await connectPlain(cluster.url, room, ann.token);
      open.push(socket);
      socket.send(`attempt ${attempt}`);
      await socket.message(`attempt ${attempt}`);
    }
  });

  it('starts over under its name: whom it left behind goes, whom it gets stays', async () => {
    const [before, after] = (await newcomers(2)) as [Person, Person];
    await join(before, doomed);
    await told('joined', before);
    await kill();
    await doomed.start();
    const socket = await join(after, doomed);
    await told('left', before);
    await sleep(LOOK_MS);
    socket.send('hello');
    await Promise.all(watching.map((each) => each.message('hello')));
    expect(await clients()).to.deep.equal(cluster.apis.map(() => listed([watcher, after])));
    expect(toldAbout(before)).to.deep.equal(watching.map(() => ['joined', 'left']));
    expect(toldAbout(after)).to.deep.equal(watching.map(() => ['joined', 'message']));
  });
});
