import { createHmac, randomUUID } from 'node:crypto';
import { keyId, Tokens } from '@chorus/auth';
import { freePort } from '@chorus/local';
import type { Member } from '@chorus/protocol';
import { connectV1, eventually, upgradeStatus, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request, signIn } from '../support/clients/people.js';
import { startTestCluster, TEST_SETTINGS, type TestCluster } from '../support/servers/cluster.js';
import { launchGateway } from '../support/servers/own-gateway.js';
import { type Program, startProgram } from '../support/servers/program.js';

const OLD = 'the secret that was there before and is still out';
const NEW = 'the secret that replaces it and is as long as that';
const NOBODYS = 'a secret that no process has ever been given';

/** An API and a gateway with the same settings: what a process is before or after one step of the rotation. */
interface Pair {
  readonly api: string;
  readonly gateway: string;
}

describe('replacing JWT_SECRET, process by process', function () {
  this.timeout(90_000);

  let cluster: TestCluster;
  const programs: Program[] = [];
  const sockets: V1Socket[] = [];
  /** Before the rotation, and after its first, second and third step. */
  let untouched: Pair;
  let announced: Pair;
  let swapped: Pair;
  let dropped: Pair;
  let ann: Person;
  let room: number;

  before(async () => {
    cluster = await startTestCluster({ gateways: 1, apis: 1, archivers: 0, env: { JWT_SECRET: OLD } });
    untouched = { api: cluster.apis[0]?.url ?? '', gateway: cluster.gateways[0]?.url ?? '' };
    [announced, swapped, dropped] = await Promise.all([
      startPair({ JWT_SECRET: OLD, JWT_ACCEPTED_SECRETS: NEW }),
      startPair({ JWT_SECRET: NEW, JWT_ACCEPTED_SECRETS: OLD }),
      startPair({ JWT_SECRET: NEW }),
    ]);
    ann = await createPerson(untouched.api, 'ann');
    room = await createRoom(untouched.api, ann);
  });
  afterEach(async () => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
  });
  after(async () => {
    for (const program of programs) program.kill('SIGKILL');
    await Promise.all(programs.map(({ ended }) => ended));
    await cluster?.close();
  });

  async function startPair(env: Record<string, string>): Promise<Pair> {
    const [apiPort, gatewayPort] = [await freePort(), await freePort()];
    const gateway = launchGateway(cluster, gatewayPort, env);
    const api = `http://127.0.0.1:${apiPort}`;
    const program = startProgram('dist/api.js', [], {
      ...TEST_SETTINGS,
      HOST: '127.0.0.1',
      PORT: String(apiPort),
      REDIS_URL: cluster.redis.url,
      REDIS_PREFIX: cluster.redisPrefix,
      DATABASE_URL: cluster.postgres.url,
      ...env,
    });
    programs.push(gateway.program, program);
    await eventually(async () => {
      for (const url of [api, gateway.url]) {
        expect((await request(`${url}/readyz`)).body).to.deep.equal({ status: 'ready' });
      }
    }, 30_000);
    return { api, gateway: gateway.url };
  }

  const open = async ({ gateway }: Pair, token: string): Promise<V1Socket> => {
    const socket = await connectV1(gateway, token);
    sockets.push(socket);
    return socket;
  };

  /** What an API and a gateway say to a token. */
  async function verdicts(pair: Pair, token: string): Promise<unknown> {
    const me = await request(`${pair.api}/api/users/me`, { token });
    return { api: me.status, gateway: await upgradeStatus(pair.gateway, room, token) };
  }
  const ACCEPTED = { api: 200, gateway: 101 };
  const REFUSED = { api: 401, gateway: 401 };

  const signedBy = async ({ api }: Pair): Promise<string> => (await signIn(api, ann)).token;

  it('leaves everybody signed in while processes of two neighbouring steps run side by side', async () => {
    for (const stage of [
      [untouched, announced],
      [announced, swapped],
      [swapped, dropped],
    ]) {
      // In the last stage only tokens of the second step are left: the others have expired.
      for (const signer of stage) {
        const token = await signedBy(signer);
        for (const verifier of stage) expect(await verdicts(verifier, token)).to.deep.equal(ACCEPTED);
      }
    }
  });

  it('lets a token from before the rotation, and its sockets, go on until its key is dropped', async () => {
    const fromBefore = ann.token;
    const pairs = [untouched, announced, swapped];
    for (const pair of pairs) expect(await verdicts(pair, fromBefore)).to.deep.equal(ACCEPTED);
    const live = await Promise.all(pairs.map((pair) => open(pair, fromBefore)));
    await Promise.all(live.map((socket) => socket.join(room)));
    for (const [index, socket] of live.entries()) {
      socket.send({ type: 'refresh', token: fromBefore });
      await socket.of('refreshed');
      socket.send({ type: 'publish', roomId: room, clientMsgId: randomUUID(), content: `step ${index}` });
      for (const reader of live) expect((await reader.of('message')).content).to.equal(`step ${index}`);
    }
    // One that was opened with a token of the old key goes on with one of the new key.
    const fromAfter = await signedBy(swapped);
    for (const socket of live.slice(1)) {
      socket.send({ type: 'refresh', token: fromAfter });
      await socket.of('refreshed');
    }
  });

  it('refuses the tokens of a key that was dropped', async () => {
    const fromBefore = await signedBy(untouched);
    expect(await verdicts(dropped, fromBefore)).to.deep.equal(REFUSED);
    const socket = await open(dropped, await signedBy(dropped));
    socket.send({ type: 'refresh', token: fromBefore });
    expect((await socket.of('error')).code).to.equal('invalid_token');
  });

  it('refuses the tokens of a key that a process was not told of: a step left out signs people out', async () => {
    expect(await verdicts(untouched, await signedBy(swapped))).to.deep.equal(REFUSED);
  });

  it('accepts tokens that name no key, from before keys had names, as long as their key counts', async () => {
    const nameless = plainToken(OLD, ann);
    for (const pair of [untouched, announced, swapped]) {
      expect(await verdicts(pair, nameless)).to.deep.equal(ACCEPTED);
    }
    expect(await verdicts(dropped, nameless)).to.deep.equal(REFUSED);
    expect(await verdicts(swapped, plainToken(NOBODYS, ann))).to.deep.equal(REFUSED);
  });

  it('refuses tokens that name an unknown key, whatever they are signed with', async () => {
    for (const pair of [untouched, announced, swapped, dropped]) {
      expect(await verdicts(pair, new Tokens(NOBODYS).sign(ann))).to.deep.equal(REFUSED);
    }
    for (const secret of [OLD, NEW]) {
      expect(await verdicts(swapped, plainToken(secret, ann, keyId(NOBODYS)))).to.deep.equal(REFUSED);
    }
  });

  it('does not start with a short secret in the list: one line says which one, and not what it is', async () => {
    const env = { NODE_ENV: 'production', JWT_SECRET: NEW, JWT_ACCEPTED_SECRETS: `${OLD},too short` };
    for (const app of ['api', 'gateway']) {
      const program = startProgram(`dist/${app}.js`, [], {
        ...env,
        DATABASE_URL: cluster.postgres.url,
      });
      programs.push(program);
      expect(await program.ended, app).to.equal(1);
      expect(program.stderr).to.equal(
        'JWT_ACCEPTED_SECRETS, number 2 of the list, is too short: in production it must be at least 32 bytes long\n',
      );
    }
  });
});

/** A token as it was before keys had names, unless it is given one. */
function plainToken(secret: string, { id, username }: Member, kid?: string): string {
  const exp = Math.floor(Date.now() / 1_000) + 600;
  const claims = { username, sub: String(id), jti: randomUUID(), exp };
  const parts = [{ alg: 'HS256', typ: 'JWT', kid }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signed = parts.join('.');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
