import { once } from 'node:events';
import { connect } from 'node:net';
import { Tokens } from '@chorus/auth';
import {
  type Broker,
  MemoryBroker,
  MemoryReadPositions,
  MemoryRoomDirectory,
  MemoryRoomStore,
  type RoomDirectory,
  type RoomHistory,
} from '@chorus/broker';
import { type AccessList, MemoryAccessList, MemoryMembershipList, MemoryNodeRegistry } from '@chorus/control';
import { createDatabase, type Database } from '@chorus/database';
import { migratedTestDatabase } from '@chorus/database/testing';
import { MemoryPresenceStore } from '@chorus/presence';
import type { Member } from '@chorus/protocol';
import { Closer, type Environment, Metrics } from '@chorus/service';
import { type Answer, patiently, type RequestOptions, request, until } from '@chorus/testing';
import { pino } from 'pino';
import { memoryRateLimits } from '../auth/rate-limits/rate-limits.js';
import { loadApiConfig } from '../config.js';
import { type Api, type ApiParts, createApi } from '../create-api.js';

export const SECRET = 'the secret of all tests, long enough';

/** Sends requests to one API, as one user if a token is given. */
export class Client {
  constructor(
    readonly url: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** Returns a client with a token for `user`, in the cookie that sign-in sets. */
  as(user: Member, tokens: Tokens = new Tokens(SECRET)): Client {
    return new Client(this.url, { ...this.headers, Cookie: `jwt=${tokens.sign(user)}` });
  }

  with(headers: Record<string, string>): Client {
    return new Client(this.url, { ...this.headers, ...headers });
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body));
  }

  patch(path: string, body: unknown): Promise<Answer> {
    return this.send('PATCH', path, JSON.stringify(body));
  }

  delete(path: string): Promise<Answer> {
    return this.send('DELETE', path);
  }

  /** See {@link request}; `raw` and `headers` are its options. */
  send(
    method: string,
    path: string,
    raw?: RequestOptions['raw'],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return request(this.url + path, { method, raw, headers: { ...this.headers, ...headers } });
  }
}

export interface RunningApi {
  readonly api: Api;
  readonly client: Client;
  readonly directory: RoomDirectory;
  readonly presence: MemoryPresenceStore;
  readonly access: AccessList;
  /** Every line that was logged. */
  readonly log: string[];
  /** Resolves after the first pass over all rooms and bans: until then it may undo what a test does to them. */
  mirrored(): Promise<void>;
  close(): Promise<void>;
}

/** Sends raw bytes and returns the response. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  await once(socket, 'close');
  return text;
}

let users = 0;

/** Returns the fields of a sign-up with a unique name and address. */
export function newUser(change: object = {}) {
  users++;
  return { username: `user${users}`, email: `user${users}@example.com`, password: 'rahasia', ...change };
}

/** Creates a migrated, empty database. */
export async function openDatabase(): Promise<{ db: Database; url: string }> {
  const url = await migratedTestDatabase();
  return { db: createDatabase(url, { poolSize: 10, timeoutMs: patiently(3_000) }), url };
}

/** A history without messages. */
const SILENCE: RoomHistory = {
  before: async () => [],
  from: async () => [],
  fromEach: async (rooms) => rooms.map(() => []),
};

/** Publishes to rooms that a test does not look at. */
const NOWHERE: Pick<Broker, 'publish'> = { publish: async () => ({ epoch: 1, seq: 1 }) };

/** Starts an API over `db`, by default with parts in memory. */
export async function startApi(
  db: Database,
  env: Environment = {},
  parts: Partial<ApiParts> = {},
): Promise<RunningApi> {
  const config = loadApiConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    JWT_SECRET: SECRET,
    BCRYPT_COST: '4',
    LOG_LEVEL: 'debug',
    SHUTDOWN_TIMEOUT_MS: '2000',
    DRAIN_DELAY_MS: '0',
    ...env,
  });
  const log: string[] = [];
  const presence = new MemoryPresenceStore({ announce: () => {} });
  const rooms = new MemoryRoomStore();
  const directory = parts.directory ?? new MemoryRoomDirectory(rooms);
  const publisher = parts.directory === undefined ? new MemoryBroker(rooms) : NOWHERE;
  const access = parts.access ?? new MemoryAccessList();
  const closer = new Closer();
  const api = closer.add(
    await createApi(config, {
      db,
      presence,
      history: SILENCE,
      reads: new MemoryReadPositions(rooms),
      messagePublisher: new MemoryBroker(rooms),
      nodes: new MemoryNodeRegistry(),
      memberships: access instanceof MemoryAccessList ? access.memberships : new MemoryMembershipList(),
      publisher,
      metrics: new Metrics(),
      rateLimits: memoryRateLimits(config.rateLimits),
      log: pino({ level: config.logLevel }, { write: (line: string) => log.push(line) }),
      ...parts,
      access,
      directory,
    }),
  );
  return {
    api,
    client: new Client(`http://127.0.0.1:${api.port}`),
    directory,
    presence,
    access,
    log,
    mirrored: () => until(() => log.some((line) => line.includes('the gateways know all rooms'))),
    close: () => closer.close(),
  };
}
