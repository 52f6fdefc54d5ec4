import { randomBytes, randomInt } from 'node:crypto';
import { Tokens } from '@chorus/auth';
import { freePort, type LocalServer, startRedis } from '@chorus/local';
import { type Closeable, Closer } from '@chorus/service';
import { ensureTestRedis, eventually } from '@chorus/testing';
import { request } from '../clients/people.js';
import { type MetricsText, readMetrics } from '../metrics.js';
import { openGatewayRedis } from './gateway-redis.js';
import { type Program, startProgram } from './program.js';

/** The gateway's program over a Redis of its own, without an API: rooms and tokens are made here. */
export interface LoneGateway extends Closeable {
  readonly url: string;
  /** Of the operator port. */
  readonly operatorUrl: string;
  readonly program: Program;
  /** The one that runs, or ran last. */
  readonly redis: LocalServer;
  /** Starts Redis again where it was. */
  restartRedis(): Promise<void>;
  metrics(): Promise<MetricsText>;
  token(userId: number): string;
  createRoom(): Promise<number>;
}

/** Resolves when it is ready. What it said is part of the error when it does not get there. */
export async function startLoneGateway(
  env: Record<string, string> = {},
  limits: { openFiles?: number } = {},
): Promise<LoneGateway> {
  const closer = new Closer();
  try {
    return await start(env, limits, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function start(
  env: Record<string, string>,
  limits: { openFiles?: number },
  closer: Closer,
): Promise<LoneGateway> {
  await ensureTestRedis();
  const first = closer.add(await startRedis());
  let redis: LocalServer = first;
  const secret = randomBytes(32).toString('hex');
  const tokens = new Tokens(secret);
  const { createRooms } = closer.add(await openGatewayRedis(redis.url));
  const [port, operatorPort] = [await freePort(), await freePort()];
  const settings = {
    HOST: '127.0.0.1',
    PORT: String(port),
    OPERATOR_PORT: String(operatorPort),
    REDIS_URL: redis.url,
    JWT_SECRET: secret,
    DRAIN_DELAY_MS: '0',
    DRAIN_MS: '0',
    LOG_LEVEL: 'warn',
    ...env,
  };
  const program = startProgram('dist/gateway.js', [], settings, limits);
  closer.defer(async () => {
    program.kill('SIGTERM');
    await program.ended;
  });
  const operatorUrl = `http://127.0.0.1:${operatorPort}`;
  await eventually(async () => {
    const { status } = await request(`${operatorUrl}/readyz`);
    if (status !== 200) throw new Error(`not ready: ${status} ${program.stderr}`);
  }, 20_000);
  return {
    url: `http://127.0.0.1:${port}`,
    operatorUrl,
    program,
    get redis() {
      return redis;
    },
    restartRedis: async () => {
      redis = closer.add(await startRedis({ port: first.port }));
    },
    metrics: () => readMetrics(operatorUrl),
    token: (userId) => tokens.sign({ id: userId, username: `user-${userId}` }),
    createRoom: async () => {
      const id = randomInt(1, 2 ** 47);
      await createRooms([id]);
      return id;
    },
    close: () => closer.close(),
  };
}
