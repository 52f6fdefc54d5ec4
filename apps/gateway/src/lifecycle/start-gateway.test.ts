import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Tokens } from '@chorus/auth';
import { RedisRoomDirectory } from '@chorus/broker';
import { RedisAccessList } from '@chorus/control';
import { freePort, startRedis } from '@chorus/local';
import { Keyspace } from '@chorus/redis';
import { openRedisKeys, redisAt } from '@chorus/redis/testing';
import { Closer, ConfigError, StartError } from '@chorus/service';
import { ensureTestRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import WebSocket from 'ws';
import { ANN } from '../testing/gateways.js';
import { startGateway } from './start-gateway.js';

const SECRET = 'a secret for tests that is long enough';

describe('a gateway without Redis at its start', function () {
  this.timeout(30_000);
  let closer: Closer;
  let port: number;
  let redisPort: number;

  before(ensureTestRedis);
  beforeEach(async () => {
    closer = new Closer();
    [port, redisPort] = [await freePort(), await freePort()];
  });
  afterEach(() => closer.close());

  const start = async (env: Record<string, string> = {}) =>
    closer.add(
      await startGateway({
        HOST: '127.0.0.1',
        PORT: String(port),
        REDIS_URL: `redis://127.0.0.1:${redisPort}`,
        REDIS_TIMEOUT_MS: '500',
        JWT_SECRET: SECRET,
        DRAIN_DELAY_MS: '0',
        DRAIN_MS: '0',
        LOG_LEVEL: 'silent',
        ...env,
      }),
    );
  const ask = async (path: string): Promise<[number, unknown]> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return [answer.status, await answer.json()];
  };
  const headers = { Authorization: `Bearer ${new Tokens(SECRET).sign(ANN)}` };
  const upgrade = async (): Promise<IncomingMessage> => {
    const asking = request({
      port,
      path: '/ws/join-room/1',
      headers: {
        ...headers,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    }).end();
    const [answer] = await once(asking, 'response');
    return answer as IncomingMessage;
  };

  it('runs, is not ready, and works as soon as Redis is up', async () => {
    await start();
    expect(await ask('/livez')).to.deep.equal([200, { status: 'live' }]);
    const starting = [503, { error: 'starting: Redis cannot be reached (ECONNREFUSED)', code: 'not_ready' }];
    expect(await ask('/readyz')).to.deep.equal(starting);
    const refused = await upgrade();
    refused.resume();
    expect([refused.statusCode, refused.headers['retry-after']]).to.deep.equal([503, '1']);

    const redis = closer.add(await startRedis({ port: redisPort }));
    const keys = closer.add(await openRedisKeys(redisAt(redis.url), new Keyspace('chorus')));
    await (await new RedisAccessList(keys.redis, keys.keyspace).beginRestoration()).complete();
    await new RedisRoomDirectory(keys.redis, keys.keyspace).ensure(1, 0);
    await until(async () => (await ask('/readyz'))[0] === 200);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/join-room/1`, { headers });
    closer.defer(() => socket.terminate());
    const message = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as { type: string; content: string };
        if (frame.type === 'message') resolve(frame.content);
      });
    });
    await once(socket, 'open');
    socket.send('hello');
    expect(await message).to.equal('hello');
  });

  it('ends when it is closed', async () => {
    const gateway = await start();
    await gateway.close();
    expect(await ask('/livez').catch((error: Error) => error.message)).to.equal('fetch failed');
  });

  it('reports a taken port in one line', async () => {
    await start();
    const error = await start().catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(StartError);
    expect(String(error)).to.equal(
      `StartError: cannot listen on 127.0.0.1:${port}: the port is taken or not allowed`,
    );
    expect(await ask('/livez')).to.deep.equal([200, { status: 'live' }]);
  });

  it('refuses to start with a database number that Redis does not have', async () => {
    await closer.add(await startRedis({ port: redisPort }));
    const error = await start({ REDIS_URL: `redis://127.0.0.1:${redisPort}/20` }).catch(
      (failure: unknown) => failure,
    );
    expect(error).to.be.instanceOf(ConfigError);
    expect(String(error)).to.match(
      /^ConfigError: REDIS_URL is not valid: its database cannot be used: ERR DB index/,
    );
    expect(await ask('/livez').catch((failure: Error) => failure.message)).to.equal('fetch failed');
  });
});
