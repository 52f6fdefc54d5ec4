import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Guard, generateSecret, TOKEN_TTL_SECONDS, TokenCache, Tokens } from '@chorus/auth';
import type { Broker, ReadPositions, RoomDirectory, RoomHistory } from '@chorus/broker';
import type { AccessList, MembershipList, NodeRegistry } from '@chorus/control';
import { type Database, EventFeed, EventLog } from '@chorus/database';
import { createHook } from '@chorus/hook';
import {
  AllowedAddresses,
  type Closeable,
  Closer,
  createTraces,
  descriptorsForConnections,
  type Logger,
  type Metrics,
  OriginPolicy,
  packageVersion,
  SecretBox,
} from '@chorus/service';
import { Router } from '@koa/router';
import { Audit } from './audit/audit.js';
import { AuditRepository } from './audit/audit-repository.js';
import { RoomChecks } from './auth/callers/room-checks.js';
import { TokenCookies } from './auth/callers/token-cookie.js';
import { BoundedWork } from './auth/passwords/bounded-work.js';
import { Passwords } from './auth/passwords/passwords.js';
import { PasswordRules } from './auth/passwords/rules.js';
import type { RateLimits } from './auth/rate-limits/rate-limits.js';
import { UserRepository } from './auth/user-repository.js';
import { BanRepository } from './bans/repository.js';
import { BanService } from './bans/service.js';
import type { ApiConfig } from './config.js';
import { openapi } from './document/openapi.js';
import { readinessOf } from './health/readiness.js';
import type { RequestState } from './http/context.js';
import { koaApp } from './http/koa-app.js';
import { addRoutes } from './http/route-table.js';
import { type HttpServer, listen } from './http/server.js';
import { createIdentities } from './identities/create-identities.js';
import { Inbox } from './inbox/inbox.js';
import { InboxRepository } from './inbox/inbox-repository.js';
import { InboxService } from './inbox/inbox-service.js';
import { KeyRepository } from './keys/key-repository.js';
import { KeyVerifier } from './keys/key-verifier.js';
import { createMails } from './mail/create-mails.js';
import { createRoomServices } from './members/create-services.js';
import { createMessageServices } from './messages/create-message-services.js';
import type { MessagePublisher } from './messages/message-service.js';
import { addPasswordMetrics } from './metrics/password-metrics.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { NameFolding } from './names/folding.js';
import { listenForOperators } from './operator/listen.js';
import { pagesOf } from './page/pages.js';
import { RoomAccess } from './rooms/access.js';
import type { PresenceReader } from './rooms/dependencies.js';
import { ArchivedEntries } from './rooms/mirror/archived-entries.js';
import { RoomMirror } from './rooms/mirror/room-mirror.js';
import { RoomRepository } from './rooms/repository.js';
import { publicRoutes } from './routes.js';
import { RevokedSessionRepository } from './sessions/revoked-session-repository.js';
import { SessionService } from './sessions/service.js';
import { WebhookRepository } from './webhooks/repository.js';
import { WebhookService } from './webhooks/service.js';
import { TestRuns } from './webhooks/test-runs.js';

const VERSION = packageVersion(new URL('../package.json', import.meta.url));

/** Dependencies of an API. The API does not close them. */
export interface ApiParts {
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly presence: PresenceReader;
  readonly history: RoomHistory;
  /** Read positions that PostgreSQL may not have yet. */
  readonly reads: ReadPositions;
  /** Publishes the messages and changes that users send through the API, and returns what gateways know of rooms. */
  readonly messagePublisher: MessagePublisher;
  readonly rateLimits: RateLimits;
  /** Revoked sessions and bans, shared with the gateways. */
  readonly access: AccessList;
  /** Copy of the memberships, which gateways ask. */
  readonly memberships: MembershipList;
  /** Publishes changes of rooms. */
  readonly publisher: Pick<Broker, 'publish'>;
  readonly nodes: NodeRegistry;
  /**
   * Returns why Redis does not work, as a predicate such as "does not answer"; undefined while it works or is not
   * used.
   */
  readonly redisTrouble?: () => string | undefined;
  /** Registry of the API's metrics. */
  readonly metrics: Metrics;
  /**
   * Returns the text of `/metrics` on the operator port. Default: `metrics` alone; standalone adds its other parts.
   */
  readonly allMetrics?: () => Promise<string>;
  /** Largest number of open connections. Default: the limit on descriptors, less what the process needs itself. */
  readonly capacity?: number;
  readonly log: Logger;
}

/** One running API. */
export interface Api extends Closeable {
  readonly nodeId: string;
  readonly port: number;
  /** Undefined without an operator port. */
  readonly operatorPort: number | undefined;
}

/**
 * Starts an API. It listens even if PostgreSQL and Redis cannot be reached; `/readyz` reports the state. Closing
 * waits until balancers have noticed, and then lets requests in progress finish.
 * @throws {StartError} the port cannot be listened on; everything started before is closed
 * @throws {ConfigError} the folder of the chat page or of the documentation contains no page
 */
export async function createApi(config: ApiConfig, parts: ApiParts): Promise<Api> {
  const pages = pagesOf(config);
  const nodeId = config.nodeId ?? `api-${randomBytes(4).toString('hex')}`;
  const log = parts.log.child({ nodeId });
  for (const warning of [...config.auth.warnings, ...(config.operator?.warnings ?? [])]) log.warn(warning);

  const { secret = madeUpSecret(log), acceptedSecrets } = config.auth;
  const tokens = new Tokens(secret, TOKEN_TTL_SECONDS, acceptedSecrets, config.maxSessionSeconds);
  const guard = new Guard(new TokenCache(tokens), config.auth.mode);
  const roomRepository = new RoomRepository(parts.db, config.retentionDays);
  const bans = new BanService(new BanRepository(parts.db), parts.access, parts.directory, log);
  const revokedSessions = new RevokedSessionRepository(parts.db);
  const sessions = new SessionService(revokedSessions, parts.access, parts.directory, log);
  const passwords = new Passwords(config.bcrypt.cost);

  const { metrics } = parts;
  metrics.addBuildInfo({ service: 'api', version: VERSION, node: nodeId });
  const work = new BoundedWork(config.bcrypt.concurrency, config.bcrypt.maxWaiting);
  addPasswordMetrics(metrics, work);

  const router = new Router<RequestState>();
  const origins = new OriginPolicy({ ...config, log });
  let closing: Promise<void> | undefined;
  const readiness = readinessOf({
    rooms: roomRepository,
    directory: parts.directory,
    redisTrouble: () => parts.redisTrouble?.(),
    log,
    isClosing: () => closing !== undefined,
  });
  const users = new UserRepository(parts.db);
  const entries = new ArchivedEntries(parts.db, config.retentionDays);
  const hook = await createHook(config.hook, {
    ...{ metrics, log, limits: config.messageLimits },
    publishedWith: (roomId, key) => parts.messagePublisher.publishedWith(roomId, key),
  });
  const messageServices = createMessageServices(config, { ...parts, rooms: roomRepository, hook, nodeId });
  const roomServices = createRoomServices(config, {
    ...{ ...parts, rooms: roomRepository, users, bans, sessions, revokedSessions, log },
  });
  const keys = new KeyRepository(parts.db);
  const nameFolding = new NameFolding(users, log);
  const eventLog = new EventLog(parts.db, config.retentionDays);
  const eventFeed = new EventFeed(eventLog);
  const addresses = new AllowedAddresses(config.webhookAllowAddresses);
  const auditEntries = new AuditRepository(parts.db);
  const audit = new Audit({ entries: auditEntries, metrics, log });
  const webhooks = new WebhookService(
    new WebhookRepository(parts.db, config.maxWebhooks, new SecretBox(config.webhookSecretKeys)),
    eventLog,
    addresses,
    new TestRuns(parts.db),
  );
  const mails = createMails(config.mail, { db: parts.db, users, log });
  const services = {
    eventLog,
    eventFeed,
    webhooks,
    readiness,
    document: onDemand(openapi),
    users,
    passwords,
    passwordsOn: config.passwordsOn,
    issuers: config.issuers,
    identities: await createIdentities(config.issuers, { db: parts.db, users, log }),
    work,
    limits: parts.rateLimits,
    mails,
    tokens,
    guard,
    access: parts.access,
    roomChecks: new RoomChecks(parts.access),
    keys: new KeyVerifier({
      keys,
      users: (ids) => users.members(ids),
      accountsElsewhere: config.auth.mode === 'open',
      log,
    }),
    sessions,
    cookies: new TokenCookies(config.cookie, log),
    origins,
    rules: new PasswordRules(config.passwordMinLength),
    ...roomServices,
    presence: parts.presence,
    inbox: new InboxService({
      inbox: new Inbox(new InboxRepository(parts.db, config.retentionDays), parts.history, parts.reads),
      reads: parts.reads,
      access: new RoomAccess(roomRepository, config.auth.mode),
    }),
    ...messageServices,
  };
  addRoutes(router, publicRoutes, services, audit);

  const closer = new Closer();
  closer.defer(() => hook?.close());
  const traces = await createTraces(config.traces, { service: 'api', nodeId, log });
  if (traces !== undefined) closer.add(traces);
  // After the ports: requests in progress are recorded.
  closer.add(audit);
  const bringIn = async (): Promise<void> => {
    const restoration = await parts.access.beginRestoration();
    await sessions.bringIn();
    await bans.bringIn();
    await restoration.complete();
  };
  const mirror = closer.add(new RoomMirror(roomRepository, entries, parts.directory, { bringIn }, log));
  for (const work of roomServices.background) closer.add(work);
  const operators = {
    ...parts,
    rooms: roomRepository,
    roomService: roomServices.rooms,
    accounts: roomServices.accounts,
    answers: roomServices.answers,
    bans,
    keys,
    sessions,
    webhooks,
    eventLog,
    eventFeed,
    audit,
    auditEntries,
    log,
  };
  const requests = new RequestMetrics(metrics);
  const app = koaApp(router, { ...config, origins, measure: requests.step, open: pages }, log, traces);
  const { capacity = descriptorsForConnections() } = parts;
  const connections = { capacity, byAddress: config.trustedProxies === 0, log };
  const server = closer.add(
    await listen(app.callback(), { ...config, refused: requests.refused, connections }),
  );
  let operatorServer: HttpServer | undefined;
  if (config.operator !== undefined) {
    const { contentType } = metrics;
    const text = parts.allMetrics ?? (() => metrics.text());
    const sources = { metrics: { text, contentType }, health: readiness };
    try {
      operatorServer = closer.add(await listenForOperators(config.operator, config, operators, sources));
    } catch (error) {
      await closer.close();
      throw error;
    }
  }
  // Before the ports: requests that wait for events end.
  closer.add(eventFeed);
  audit.start();
  mirror.start();
  for (const work of roomServices.background) work.start();
  closer.add(nameFolding).start();
  if (mails !== undefined) closer.add(mails).start();
  // In the background: makes the first refusal as fast as later ones.
  passwords.warmUp().catch((error: unknown) => log.error({ error: String(error) }, 'bcrypt does not work'));
  log.info({ port: server.port, operatorPort: operatorServer?.port }, 'api is listening');
  const close = async (): Promise<void> => {
    // Balancers keep sending requests until they notice that this replica is no longer ready.
    await sleep(config.drainDelayMs);
    await closer.close();
  };
  return {
    nodeId,
    port: server.port,
    operatorPort: operatorServer?.port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Creates a value at the first call and returns it at all calls. */
function onDemand<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function madeUpSecret(log: Logger): string {
  log.warn('JWT_SECRET is not set: one was generated, so tokens are valid only in this process');
  return generateSecret();
}
