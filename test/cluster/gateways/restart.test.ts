import type { Member } from '@chorus/cluster';
import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';

/** Users of a gateway that stopped in good order have ten seconds to come back elsewhere. */
const LEFT_WITHIN_MS = 15_000;

describe('a gateway that is told to stop, among three', function () {
  this.timeout(40_000);

  let cluster: TestCluster;
  let stopping: Member;
  let staying: Member;
  let watcher: Person;
  let returning: Person;
  let gone: Person;
  let room: number;

  before(async () => {
    cluster = await startTestCluster({ env: { PRESENCE_GRACE_MS: '0' } });
    const [first, second] = cluster.gateways;
    if (first === undefined || second === undefined) throw new Error('there are no gateways');
    [stopping, staying] = [first, second];
    watcher = await createPerson(cluster.url, 'watcher');
    returning = await createPerson(cluster.url, 'returning');
    gone = await createPerson(cluster.url, 'gone');
    room = await createRoom(cluster.url, watcher);
  });
  after(() => cluster?.close());

  const told = (socket: PlainSocket, type: string, { username }: Person, timeoutMs?: number) =>
    socket.next((frame) => frame.type === type && frame.username === username, timeoutMs);
  const typesAbout = ({ frames }: PlainSocket, person: Person): string[] =>
    frames.filter(({ username }) => username === person.username).map(({ type }) => type);
  const clients = () => request(`${cluster.url}/ws/get-clients/${room}`, { token: watcher.token });
  const listed = (...people: Person[]) => people.map(({ id, username }) => ({ id, username }));

  it('says good-bye, ends with status 0, and announces only those who do not come back', async () => {
    const watching = await connectPlain(staying.url, room, watcher.token);
    await told(watching, 'joined', watcher);
    const first = await connectPlain(stopping.url, room, returning.token);
    await told(watching, 'joined', returning);
    const other = await connectPlain(stopping.url, room, gone.token);
    await told(watching, 'joined', gone);

    stopping.kill('SIGTERM');
    const exited = stopping.exited();
    for (const socket of [first, other]) {
      expect(await socket.ended).to.deep.equal({ code: 1012, reason: 'gateway restarting' });
    }
    // Where a client goes that wants to come back.
    const second = await connectPlain(cluster.url, room, returning.token);
    expect(await exited).to.deep.equal({ code: 0, signal: null });
    second.send('back already');
    await watching.message('back already');
    expect((await clients()).body).to.deep.equal(listed(watcher, returning, gone));

    await told(watching, 'left', gone, LEFT_WITHIN_MS);
    second.send('still here');
    await watching.message('still here');
    expect((await clients()).body).to.deep.equal(listed(watcher, returning));
    expect(typesAbout(watching, gone)).to.deep.equal(['joined', 'left']);
    expect(typesAbout(watching, returning)).to.deep.equal(['joined', 'message', 'message']);
    await Promise.all([watching.close(), second.close()]);
  });

  it('refuses clients while it stops, and admits them after its restart', async () => {
    await stopping.start();
    await stopping.stop();
    const refused = await connectPlain(stopping.url, room, watcher.token).catch((error: Error) => error);
    expect(refused).to.include({ code: 'ECONNREFUSED' });
    await stopping.start();
    const socket = await connectPlain(stopping.url, room, watcher.token);
    socket.send('hello');
    await socket.message('hello');
    await socket.close();
  });
});

describe('a gateway that has a long time to stop', function () {
  this.timeout(40_000);

  let cluster: TestCluster;
  before(async () => {
    cluster = await startTestCluster({ gateways: 1, apis: 1, env: { DRAIN_DELAY_MS: '60000' } });
  });
  after(() => {
    for (const member of [...(cluster?.apis ?? []), ...(cluster?.gateways ?? [])]) member.kill('SIGKILL');
    return cluster?.close();
  });

  it('is not ready, goes on as before, and ends at once at a second signal', async () => {
    const [gateway] = cluster.gateways;
    if (gateway === undefined) throw new Error('there is no gateway');
    const ann = await createPerson(cluster.url, 'ann');
    const room = await createRoom(cluster.url, ann);
    const exited = gateway.exited();
    gateway.kill('SIGTERM');
    await eventually(async () => {
      const { status, body } = await request(`${gateway.url}/readyz`);
      expect([status, body]).to.deep.equal([503, { error: 'draining', code: 'not_ready' }]);
    });
    const socket = await connectPlain(gateway.url, room, ann.token);
    socket.send('as before');
    await socket.message('as before');
    // A signal right after another one counts as the same.
    const again = setInterval(() => gateway.kill('SIGTERM'), 100);
    expect(await exited).to.deep.equal({ code: 1, signal: null });
    clearInterval(again);
    expect((await socket.ended).code).to.equal(1006);
  });
});
