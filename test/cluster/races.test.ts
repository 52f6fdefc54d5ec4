import { randomBytes, randomInt } from 'node:crypto';
import { expect } from 'chai';
import { type Answer, createPerson, type Person, request } from '../support/clients/people.js';
import type { TestCluster } from '../support/servers/cluster.js';
import { SHARED_SETTINGS, sharedCluster } from '../support/servers/shared.js';

const ROUNDS = 20;
const ATTEMPTS = Number(SHARED_SETTINGS.SIGNIN_FAILURES_PER_ACCOUNT);

describe('two APIs that get requests at the same time', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  let ann: Person;
  before(async () => {
    cluster = await sharedCluster();
    ann = await createPerson(cluster.url, 'ann');
  });

  const onEach = (path: string, body: (api: number) => unknown): Promise<Answer[]> =>
    Promise.all(
      cluster.apis.map(({ url }, api) => request(`${url}${path}`, { body: body(api), token: ann.token })),
    );
  const expectOneWinner = (answers: Answer[]): Answer => {
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409]);
    const winner = answers.find(({ status }) => status === 200);
    if (winner === undefined) throw new Error('nobody has won');
    return winner;
  };

  it('give an e-mail address to one user', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const unique = randomBytes(6).toString('hex');
      // Once in upper case: it is the same address.
      const emails = [`${unique}@example.com`, `${unique.toUpperCase()}@example.com`];
      const users = emails.map((email, api) => ({
        username: `${unique}-${api}`,
        email,
        password: 'open sesame',
      }));
      const winner = expectOneWinner(await onEach('/api/users/signup', (api) => users[api]));
      const signIn = await request(`${cluster.url}/api/users/signin`, {
        body: { email: emails[0], password: 'open sesame' },
      });
      const { id, username } = winner.body as { id: number; username: string };
      expect(signIn.body).to.deep.equal({ id, username });
    }
  });

  it('give a user name to one user', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const username = randomBytes(6).toString('hex');
      expectOneWinner(
        await onEach('/api/users/signup', (api) => ({
          username,
          email: `${username}-${api}@example.com`,
          password: 'open sesame',
        })),
      );
    }
  });

  it('give a room id to one room', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = randomInt(2 ** 40, 2 ** 47);
      const winner = expectOneWinner(await onEach('/ws/create-room', (api) => ({ id, name: `room ${api}` })));
      for (const { url } of cluster.apis) {
        const found = await request(`${url}/api/rooms/${id}`, { token: ann.token });
        expect(found.body).to.include(winner.body as object);
      }
    }
  });

  it('assign an id to one room, also when somebody chooses it just then', async () => {
    const create = (url: string, body: object) =>
      request(`${url}/ws/create-room`, { body, token: ann.token });
    const given = new Set<number>();
    let last = ((await create(cluster.url, { name: 'assigned' })).body as { id: number }).id;
    for (let round = 0; round < ROUNDS; round++) {
      const choosing = create(cluster.url, { id: last + 2, name: 'chosen' });
      const assigned = await Promise.all(cluster.apis.map(({ url }) => create(url, { name: 'assigned' })));
      const chosen = await choosing;
      expect(assigned.map(({ status }) => status)).to.deep.equal([200, 200]);
      expect(chosen.status).to.be.oneOf([200, 409]);
      const created = [...assigned, chosen].filter(({ status }) => status === 200);
      for (const { body } of created) {
        const { id } = body as { id: number };
        expect(given.has(id), `${id} was given twice`).to.equal(false);
        given.add(id);
      }
      last = Math.max(...assigned.map(({ body }) => (body as { id: number }).id));
    }
  });

  it('count failed sign-ins to one account together', async () => {
    const body = { email: ann.email, password: 'not this one' };
    const statuses: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { url = '' } = cluster.apis[attempt % 2] ?? {};
      statuses.push((await request(`${url}/api/users/signin`, { body })).status);
    }
    expect(statuses).to.deep.equal(Array(ATTEMPTS).fill(401));
    for (const { url } of cluster.apis) {
      expect((await request(`${url}/api/users/signin`, { body })).status).to.equal(429);
    }
  });
});
