import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Member } from '@chorus/cluster';
import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request, signIn } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { startTestStandalone, type TestStandalone } from '../support/servers/standalone.js';
import { expectError, expectRefusal } from './expectations.js';

interface Route {
  method: string;
  path: string;
  body?: unknown;
  /** Of the person, unless it is this one. */
  token?: string;
  /** What it answers while the server is away. */
  withoutPostgres: 200 | 503;
  withoutRedis: 200 | 503;
}

/**
 * Every route of the API, about this person and this room of theirs.
 * @param spare another token of the person: signing out ends it
 */
function routes({ email, password }: Person, room: number, spare: string): Route[] {
  const name = 'room';
  const account = { username: 'late', email: 'late@example.com', password };
  const route = (
    call: string,
    withoutPostgres: 200 | 503,
    withoutRedis: 200 | 503,
    body?: unknown,
  ): Route => {
    const [method = '', path = ''] = call.split(' ');
    return { method, path, body, withoutPostgres, withoutRedis };
  };
  return [
    route('POST /api/users/signup', 503, 503, account),
    route('POST /api/users/signin', 503, 503, { email, password }),
    // Ended at once, but not for good: Redis could lose it.
    { ...route('GET /api/users/logout', 503, 503), token: spare },
    route('GET /api/users/me', 503, 503),
    route('POST /ws/create-room', 503, 503, { id: room + 1, name }),
    route('GET /ws/get-rooms', 503, 503),
    route('GET /ws/get-clients', 200, 503),
    route(`GET /ws/get-clients/${room}`, 503, 503),
    route(`GET /api/rooms/${room}/messages`, 503, 503),
    route('POST /api/rooms', 503, 503, { name }),
    route('GET /api/rooms', 503, 503),
    route(`GET /api/rooms/${room}`, 503, 503),
    route(`PATCH /api/rooms/${room}`, 503, 503, { name }),
    route(`DELETE /api/rooms/${room}`, 503, 503),
  ];
}

async function expectStatuses(
  url: string,
  person: Person,
  room: number,
  spare: Person,
  without: 'withoutPostgres' | 'withoutRedis',
): Promise<void> {
  for (const { method, path, body, token, ...route } of routes(person, room, spare.token)) {
    const answer = await request(`${url}${path}`, { method, body, token: token ?? person.token });
    const status = route[without];
    expect(answer.status, `${method} ${path}`).to.equal(status);
    if (status === 200) continue;
    expectError(answer, 503);
    expect(Number(answer.headers.get('retry-after')), `${method} ${path}`).to.be.above(0);
  }
}

describe('the contract while a server is away', function () {
  this.timeout(60_000);

  describe('a cluster', () => {
    let cluster: TestCluster;
    let ann: Person;
    let room: number;
    let socket: PlainSocket;

    before(async () => {
      cluster = await startTestCluster({ gateways: 2, ownServers: true });
      ann = await createPerson(cluster.url, 'ann');
      room = await createRoom(cluster.url, ann);
      socket = await connectPlain(cluster.url, room, ann.token);
    });
    after(() => cluster?.close());

    /** Readiness does not take processes away for what concerns all of them. */
    const expectHealth = (members: readonly Member[], status: string): Promise<void> =>
      eventually(async () => {
        for (const { nodeId, url } of members) {
          const answer = await request(`${url}/readyz`);
          expect(answer.status, nodeId).to.equal(200);
          expect(answer.body, nodeId).to.have.property('status', status);
        }
      });

    it('answers 503 to what needs PostgreSQL, chats on without, and recovers', async () => {
      const quiet = await createRoom(cluster.url, ann);
      const spare = await signIn(cluster.url, ann);
      await cluster.postgres.member?.stop();
      await expectStatuses(cluster.url, ann, room, spare, 'withoutPostgres');
      socket.send('without PostgreSQL');
      await socket.message('without PostgreSQL');
      await (await connectPlain(cluster.url, quiet, ann.token)).close();

      await cluster.postgres.member?.start();
      await eventually(() => signIn(cluster.url, ann));
      await eventually(() => createRoom(cluster.url, ann));
    });

    it('answers 503 to what needs Redis, and recovers', async () => {
      const quiet = await createRoom(cluster.url, ann);
      const spare = await signIn(cluster.url, ann);
      await cluster.redis.member?.stop();
      await expectHealth([...cluster.apis, ...cluster.gateways], 'degraded');
      await expectStatuses(cluster.url, ann, room, spare, 'withoutRedis');
      for (const gateway of cluster.gateways) await expectRefusal(503, gateway.url, quiet, ann.token);

      await cluster.redis.member?.start();
      await eventually(() => signIn(cluster.url, ann));
      for (const gateway of cluster.gateways) {
        const late = await eventually(() => connectPlain(gateway.url, quiet, ann.token));
        await late.close();
      }
      await expectHealth([...cluster.apis, ...cluster.gateways], 'ready');
      socket.send('with Redis again');
      await socket.message('with Redis again');
    });
  });

  describe('standalone', () => {
    let standalone: TestStandalone;
    before(async () => {
      standalone = await startTestStandalone();
    });
    after(() => standalone?.close());

    it('answers 503 to what needs PostgreSQL, and takes no message that it cannot store', async () => {
      const { url, dataDir } = standalone;
      const ann = await createPerson(url, 'ann');
      const room = await createRoom(url, ann);
      const spare = await signIn(url, ann);
      const socket = await connectPlain(url, room, ann.token);
      const file = await readFile(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8');
      process.kill(Number.parseInt(file, 10), 'SIGQUIT');
      const rooms = `${url}/ws/get-rooms`;
      await eventually(async () => expectError(await request(rooms, { token: ann.token }), 503));

      await expectStatuses(url, ann, room, spare, 'withoutPostgres');
      socket.send('without PostgreSQL');
      const refusal = await socket.next(({ type }) => type === 'error', 20_000);
      expect(refusal).to.include({ retry: true });
      expect(socket.frames.filter(({ type }) => type === 'message')).to.deep.equal([]);
      await socket.close();
    });
  });
});
