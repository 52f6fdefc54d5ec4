import { once } from 'node:events';
import { RawClient } from '@chorus/service/testing';
import { connectPlain, connectV1, eventually, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { type LoneGateway, startLoneGateway } from '../support/servers/lone-gateway.js';

const PRODUCTION = { NODE_ENV: 'production', LOG_LEVEL: 'debug' };

/** In production shorter ones are refused. */
const OPERATOR_TOKEN = 'x'.repeat(32);

const HANDSHAKE = [
  'Host: chat',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Every line that a process printed is one line of the log. */
function expectLines(lines: readonly string[]): void {
  expect(lines.length).to.be.above(0);
  for (const line of lines) {
    const parsed: unknown = (() => {
      try {
        return JSON.parse(line);
      } catch {
        return expect.fail(`not a line of the log: ${line}`);
      }
    })();
    expect(parsed, line).to.include.keys('level', 'time', 'msg');
  }
}

/** Asks for sockets in every way that is refused, and leaves in the middle. */
async function pester(url: string, room: number, token: string): Promise<void> {
  const upgrade = (path: string, ...headers: string[]): string[] => [
    `GET ${path} HTTP/1.1`,
    ...HANDSHAKE,
    ...headers,
  ];
  const authorization = `Authorization: Bearer ${token}`;
  const heads = [
    upgrade(`/ws/join-room/${room}`),
    upgrade(`/ws/join-room/${room}`, 'Authorization: Bearer forged'),
    upgrade('/ws/join-room/none', authorization),
    upgrade('/ws/join-room/999999999999', authorization),
    upgrade(`/ws/join-room/${room}?since=x`, authorization),
    upgrade(`/ws/join-room/${room}`, authorization, 'Origin: https://evil.example'),
    upgrade(`/ws/join-room/${room}`, authorization, 'Content-Length: 5'),
    upgrade('/ws/connect', authorization),
    upgrade('/nowhere'),
    [`GET /ws/join-room/${room} HTTP/1.1`, 'Host: chat', authorization],
    [`GET /ws/join-room/${room} HTTP/1.1`, authorization],
    ['GET / HTTP/1.0', 'Host: chat'],
    ['POST /ws/connect HTTP/1.1', 'Host: chat', 'Content-Length: 4'],
    ['hello'],
  ];
  for (const head of heads) {
    const client = (await RawClient.open(url)).send(head, 'body');
    await client.until('HTTP/1.1 ');
    client.socket.destroy();
  }
  for (let n = 0; n < 100; n++) {
    const client = (await RawClient.open(url)).send(upgrade(`/ws/join-room/${room}`, authorization));
    if (n % 4 === 1) await new Promise(setImmediate);
    if (n % 4 === 2) await client.until('HTTP/1.1 ');
    if (n % 4 === 3) client.socket.end();
    else client.socket.resetAndDestroy();
  }
  // Frames that are not allowed: binary, too large, not UTF-8, and what is no frame.
  const tooLarge = '\x81\xff\x00\x00\x00\x00\xff\xff\xff\xffaaaa';
  for (const frame of ['\x82\x80aaaa', tooLarge, '\x81\x81\x00\x00\x00\x00\xff', '\xff'.repeat(20)]) {
    const client = (await RawClient.open(url)).send(upgrade(`/ws/join-room/${room}`, authorization));
    if (!(await client.until('\r\n\r\n')).includes(' 101 ')) client.socket.destroy();
    else client.socket.write(frame, 'latin1');
    await client.end();
  }
}

describe('every line that is printed', function () {
  this.timeout(120_000);

  it('by a gateway is one of its log: first socket, refusals, aborts, no Redis, drain', async () => {
    const gateway: LoneGateway = await startLoneGateway({
      ...PRODUCTION,
      DRAIN_MS: '500',
      REDIS_TIMEOUT_MS: '500',
      MAX_CONNECTIONS_PER_USER: '1000',
    });
    try {
      const room = await gateway.createRoom();
      const stays = [
        await connectPlain(gateway.url, room, gateway.token(1)),
        await connectV1(gateway.url, gateway.token(2)),
      ];
      await pester(gateway.url, room, gateway.token(3));
      await gateway.redis.close();
      await eventually(async () => {
        expect((await request(`${gateway.url}/readyz`)).body).to.include({ status: 'degraded' });
      });
      await pester(gateway.url, room, gateway.token(3)).catch(() => undefined);
      await gateway.restartRedis();
      await eventually(async () => {
        expect((await request(`${gateway.url}/readyz`)).body).to.deep.equal({ status: 'ready' });
      });
      gateway.program.kill('SIGTERM');
      for (const { socket } of stays) if (socket.readyState < 2) await once(socket, 'close');
      expect(await gateway.program.ended).to.equal(0);
    } finally {
      await gateway.close();
    }
    expect(gateway.program.stdout).to.equal('');
    expectLines(gateway.program.stderr.trim().split('\n'));
  });

  it('by the processes of a cluster is one of their logs: bad requests, rebalance, no Redis, no PostgreSQL', async () => {
    const cluster: TestCluster = await startTestCluster({
      gateways: 2,
      apis: 1,
      ownServers: true,
      env: {
        ...PRODUCTION,
        OPERATOR_PORT: '0',
        OPERATOR_TOKEN,
        REDIS_TIMEOUT_MS: '500',
        ALLOWED_ORIGINS: 'https://chat.example',
      },
    });
    const sockets: V1Socket[] = [];
    try {
      const [first] = cluster.gateways;
      const ann: Person = await createPerson(cluster.url, 'ann');
      const room = await createRoom(cluster.url, ann);
      for (let n = 0; n < 10; n++) sockets.push(await connectV1(first?.url ?? '', ann.token));
      await sockets[0]?.join(room);
      sockets[0]?.send({ type: 'publish', roomId: room, clientMsgId: 'one', content: 'hello' });
      await sockets[0]?.of('ack');
      await pester(cluster.url, room, ann.token).catch(() => undefined);
      for (const [path, raw] of [
        ['/api/users/signup', 'not json'],
        ['/api/users/signup', 'x'.repeat(3_000_000)],
        ['/api/users/signin', '{"email":"nobody@example.com","password":"wrong"}'],
        ['/nowhere', '{}'],
      ] as const)
        await request(`${cluster.url}${path}`, { method: 'POST', raw });
      const { socket } = sockets[0] ?? expect.fail('no socket');
      const closed = once(socket, 'close');
      const operate = (path: string, body?: unknown) =>
        request(`${cluster.operatorUrl}${path}`, { method: 'POST', token: OPERATOR_TOKEN, body });
      expect((await operate('/rebalance', { sharePerMinute: 1 })).status).to.equal(202);
      expect((await operate(`/nodes/${first?.nodeId}/drain`)).status).to.equal(202);
      await closed;

      await cluster.redis.member?.stop();
      await cluster.postgres.member?.stop();
      await eventually(async () => {
        expect((await request(`${cluster.apis[0]?.url}/readyz`)).body).not.to.deep.equal({ status: 'ready' });
      });
      for (const path of ['/api/users/me', '/api/rooms', `/api/rooms/${room}/messages`]) {
        await request(`${cluster.url}${path}`, { token: ann.token });
      }
      await connectV1(cluster.url, ann.token).catch(() => undefined);
    } finally {
      for (const { socket } of sockets) socket.terminate();
      await cluster.close();
    }
    expectLines(cluster.log.map((line) => line.slice(line.indexOf(': ') + 2)));
  });
});
