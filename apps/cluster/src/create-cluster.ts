import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { generateSecret } from '@chorus/auth';
import { migrate } from '@chorus/database';
import { freePort, startBalancer } from '@chorus/local';
import { Closer, descriptorsForConnections, type Environment, type Logger } from '@chorus/service';
import { emptied, givenDatabase } from './given-servers.js';
import { Member } from './member.js';
import { openPostgres, openRedis, type Server } from './servers.js';
import { docsDir, type Service, startService, webDir } from './service-process.js';

export interface ClusterOptions {
  gateways: number;
  apis: number;
  /** Default 1. */
  archivers?: number;
  /** Default 1. */
  dispatchers?: number;
  /** Port of the balancer; 0 chooses a free port. */
  port: number;
  host: string;
  /** Whether to restart processes that die. */
  restart: boolean;
  /**
   * First operator port: every process gets one, this and the following, or free ports for 0. Without it only the
   * first API has an operator port, if `OPERATOR_PORT` is set.
   */
  operatorPorts?: number | undefined;
  /** More `redis-server` arguments, for a Redis that this command starts. */
  redisArgs?: readonly string[];
  /**
   * Settings for all processes. `REDIS_URL` and `DATABASE_URL` name servers to use instead of starting them;
   * `DATA_DIR` keeps the data of started servers.
   */
  env: Environment;
  /**
   * Returns the URL under which a process reaches a server: the server's own, unless a test puts a proxy in between.
   * Called at each start of a process.
   */
  serverUrl?(nodeId: string, server: 'redis' | 'postgres', url: string): Promise<string>;
  log: Logger;
  /** Called with each line that a process of the cluster logs. */
  onLine(nodeId: string, line: string): void;
}

/** A running cluster. All its processes end with this one. */
export interface Cluster {
  /** URL of the balancer, for clients. */
  readonly url: string;
  /** URL of the first API's operator port; undefined without one. */
  readonly operatorUrl: string | undefined;
  readonly apis: readonly Member[];
  readonly gateways: readonly Member[];
  readonly archivers: readonly Member[];
  readonly dispatchers: readonly Member[];
  readonly redis: Server;
  readonly postgres: Server;
  readonly redisPrefix: string;
  /** Secret that signs tokens, for tests that create their own. */
  readonly jwtSecret: string;
  /** Starts one more gateway; resolves when it is ready and receives connections. */
  addGateway(): Promise<Member>;
  close(): Promise<void>;
}

/**
 * Starts Redis and PostgreSQL, migrates the database, starts the processes and puts them behind one port. Resolves
 * when all are ready; nothing is left running after a rejection.
 *
 * @throws {StartError} one line with the reason why it cannot start
 */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const closer = new Closer();
  try {
    return await start(options, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function start(options: ClusterOptions, closer: Closer): Promise<Cluster> {
  const { env, log } = options;
  // First, so that a taken port is noticed before anything has started. A client's connection takes two descriptors
  // here: its own, and one to a process of the cluster.
  const connections = { capacity: descriptorsForConnections() / 2, byAddress: true, log };
  const balancer = closer.add(await startBalancer({ port: options.port, host: options.host, connections }));

  const members: Record<Service, Member[]> = { api: [], gateway: [], archiver: [], dispatcher: [] };
  const running = (service: Service): string[] =>
    members[service].filter((member) => member.running).map((member) => member.url);
  const changed = (what: string): void => {
    log.info(what);
    balancer.setTargets({ apis: running('api'), gateways: running('gateway') });
  };

  const dataDir = env.DATA_DIR ? resolve(env.DATA_DIR, 'cluster') : undefined;
  const open = async (opening: Promise<Server>): Promise<Server> => closer.add(await opening);
  const servers = { dataDir, restart: options.restart, changed };
  const [redis, postgres] = await allOrFirstFailure([
    open(openRedis({ ...servers, url: env.REDIS_URL }, options.redisArgs)),
    open(openPostgres({ ...servers, url: givenDatabase(env) })),
  ]);
  await migrate(postgres.url, log);

  const serverUrl = options.serverUrl ?? (async (_nodeId, _server, url) => url);
  const jwtSecret = env.JWT_SECRET || generateSecret();
  const redisPrefix =
    env.REDIS_PREFIX || (env.REDIS_URL ? `chorus-${randomBytes(4).toString('hex')}` : 'chorus');
  let started = 0;
  const operatorPortOf = async (nodeId: string): Promise<string | undefined> => {
    const { operatorPorts: first } = options;
    // Counted for every process, so that the ports of the others do not depend on `OPERATOR_PORT`.
    const next = first ? first + started++ : first;
    const port = (nodeId === 'api-1' && env.OPERATOR_PORT) || next?.toString();
    return port === '0' ? String(await freePort()) : port;
  };
  const add = async (service: Service): Promise<Member> => {
    const nodeId = `${service}-${members[service].length + 1}`;
    const operatorPort = operatorPortOf(nodeId);
    const port = freePort();
    // Operators open the page on an API's operator port in a browser.
    const host = service === 'api' ? 'localhost' : '127.0.0.1';
    const member = new Member({
      nodeId,
      restart: options.restart,
      changed,
      launch: async () =>
        startService(service, {
          nodeId,
          url: `http://127.0.0.1:${await port}`,
          operatorUrl: operatorUrl(host, await operatorPort),
          env: {
            ...env,
            ...emptied(env),
            // The balancer notices at once that a process stops, so there is no need to wait.
            DRAIN_DELAY_MS: env.DRAIN_DELAY_MS || '0',
            DRAIN_MS: env.DRAIN_MS || '2000',
            NODE_ID: nodeId,
            HOST: host,
            PORT: String(await port),
            // The balancer.
            TRUST_PROXY: '1',
            REDIS_URL: await serverUrl(nodeId, 'redis', redis.url),
            REDIS_PREFIX: redisPrefix,
            DATABASE_URL: await serverUrl(nodeId, 'postgres', postgres.url),
            WEB_DIR: env.WEB_DIR || webDir,
            DOCS_DIR: env.DOCS_DIR || docsDir,
            JWT_SECRET: jwtSecret,
            OPERATOR_PORT: await operatorPort,
            // A token without the port is refused as a mistake; other processes do not read it.
            OPERATOR_TOKEN:
              nodeId === 'api-1' || (await operatorPort) !== undefined ? env.OPERATOR_TOKEN : '',
          },
          onLine: (line) => options.onLine(nodeId, line),
        }),
    });
    members[service].push(member);
    await member.start();
    return member;
  };
  // Gateways first, so that they can close their sockets while everything else still works.
  closer.defer(() => Promise.all(members.api.map((member) => member.stop())));
  for (const service of ['dispatcher', 'archiver'] as const)
    closer.defer(() => Promise.all(members[service].map((member) => member.stop())));
  closer.defer(() => Promise.all(members.gateway.map((member) => member.stop())));
  const services: Service[] = [
    ...Array<Service>(options.apis).fill('api'),
    ...Array<Service>(options.gateways).fill('gateway'),
    ...Array<Service>(options.archivers ?? 1).fill('archiver'),
    ...Array<Service>(options.dispatchers ?? 1).fill('dispatcher'),
  ];
  await allOrFirstFailure(services.map(add));

  return {
    url: balancer.url,
    operatorUrl: members.api[0]?.operatorUrl,
    apis: members.api,
    gateways: members.gateway,
    archivers: members.archiver,
    dispatchers: members.dispatcher,
    redis,
    postgres,
    redisPrefix,
    jwtSecret,
    addGateway: () => add('gateway'),
    close: () => closer.close(),
  };
}

const operatorUrl = (host: string, port: string | undefined): string | undefined =>
  port === undefined ? undefined : `http://${host}:${port}`;

/** Like Promise.all, but rejects only after all have settled: what they started can then be closed. */
async function allOrFirstFailure<T extends readonly Promise<unknown>[] | []>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
