import { AUTH_SECRETS, type AuthConfig, authConfig, authSettings } from '@chorus/auth';
import { HOOK_SECRETS, type HookConfig, hookConfig, hookSettings } from '@chorus/hook';
import type { MessageLimits } from '@chorus/protocol';
import { type RedisConfig, redisConfig, redisSettings } from '@chorus/redis';
import {
  type BalancedConfig,
  backlogSettings,
  balancedConfig,
  balancedSettings,
  ConfigError,
  type Environment,
  identifier,
  integer,
  listenerSettings,
  messageLimitSettings,
  messageLimits,
  oneOf,
  operatorPortSettings,
  parseSettings,
  retentionDays,
  retentionSettings,
  share,
  type TracesConfig,
  tracesConfig,
  tracesSettings,
  url,
} from '@chorus/service';

/** The gateway's environment variables. `docs/reference/configuration.md` is checked against this list. */
export const gatewaySettings = {
  ...listenerSettings(4000),
  ...balancedSettings,
  ...authSettings,
  ...redisSettings,
  ...operatorPortSettings,
  ...messageLimitSettings,
  ...backlogSettings,
  ...retentionSettings,
  ...hookSettings,
  BATCH_WINDOW_MS: integer(0, 100)
    .default(5)
    .describe(
      'Maximum time for which a message waits to share a batch with others, under load; a quarter of that while the gateway is not busy. 0 never waits.',
    ),
  DELIVERY_WINDOW_MS: integer(0, 1_000)
    .default(15)
    .describe(
      'Maximum time for which a busy gateway collects deliveries, so that several leave in one write per socket; 0 never waits.',
    ),
  MAX_CONNECTIONS: integer(1, 1_000_000)
    .default(50_000)
    .describe(
      'Maximum number of sockets of one gateway; further ones get 503. Lowered at the start if the process may not open that many files (`ulimit -n`).',
    ),
  MAX_CONNECTS_PER_SECOND: integer(1, 1_000_000)
    .default(1_000)
    .describe(
      'Sockets per second that one gateway opens for users with a valid token, with bursts of as many; further ones get 503. One user gets a fiftieth of it, at least 10, with bursts of twice `MAX_CONNECTIONS_PER_USER`; then 429.',
    ),
  MAX_CONNECTIONS_PER_USER: integer(1, 1_000_000)
    .default(50)
    .describe('Sockets that a user may have on one gateway; further ones get 429.'),
  MAX_CONNECTIONS_PER_ADDRESS: integer(1, 1_000_000)
    .default(5_000)
    .describe(
      'Sockets that an address, or a /64 of IPv6, may have on one gateway; further ones get 429. Behind a balancer it needs `TRUST_PROXY`.',
    ),
  MAX_REFUSED_PER_ADDRESS: integer(1, 1_000_000)
    .default(1_000)
    .describe(
      'Invalid tokens that an address, or a /64 of IPv6, may send within five to ten seconds; further requests with a token get 429 without being checked.',
    ),
  DRAIN_MS: integer(0, 3_600_000)
    .default(20_000)
    .describe(
      'Time over which a gateway closes its sockets during shutdown, after `DRAIN_DELAY_MS`; few sockets take less.',
    ),
  REVISION: identifier()
    .optional()
    .describe(
      'Name of the deployed version and settings, equal for all gateways that a rollout replaces; in Kubernetes the `pod-template-hash`. Without it, gateways do not notice rollouts.',
    ),
  DRAIN_HOLD_MS: integer(0, 3_600_000)
    .default(300_000)
    .describe(
      'Maximum time for which a gateway that ends keeps its sockets while a rollout still has to end others of its `REVISION`, so that clients move once. 0 never waits.',
    ),
  REBALANCE: oneOf(['off', 'auto'])
    .default('off')
    .describe(
      '`auto`: when a gateway is more than 7 % off the average number of sockets, those above the average hand some over.',
    ),
  REBALANCE_SHARE_PER_MINUTE: share()
    .default(0.05)
    .describe('Share of its sockets that a gateway hands over per minute with `REBALANCE=auto`.'),
  MAX_FRAME_BYTES: integer(16, 1_048_576).default(16_384).describe('Largest text frame accepted, in bytes.'),
  MAX_MESSAGES_PER_SECOND: integer(1, 100_000)
    .default(50)
    .describe('Frames per second that a socket may send, pings included; bursts of as many.'),
  MAX_MESSAGES_PER_SECOND_PER_USER: integer(1, 1_000_000)
    .optional()
    .describe(
      'Messages per second that a user may send through one gateway, over all sockets and reconnects; bursts of as many. By default twice `MAX_MESSAGES_PER_SECOND`.',
    ),
  MAX_MESSAGE_BYTES_PER_SECOND_PER_USER: integer(1_024, 1_073_741_824)
    .optional()
    .describe(
      'Bytes per second of the messages of a user; bursts of four times as many. By default 2560 times `MAX_MESSAGES_PER_SECOND_PER_USER`.',
    ),
  MAX_REQUESTS_PER_SECOND_PER_USER: integer(1, 1_000_000)
    .optional()
    .describe(
      'Other frames per second that a user may send through one gateway: joins, presence requests, typing, pings; bursts of ten times as many. By default four times `MAX_MESSAGES_PER_SECOND`.',
    ),
  MAX_REPLAY_BYTES_PER_SECOND_PER_USER: integer(1_024, 1_073_741_824)
    .default(4_194_304)
    .describe(
      'Bytes per second of missed messages that one gateway sends to the sockets of a user; bursts of four times as many. The rest is sent later; none is left out.',
    ),
  MAX_ROOMS_PER_CONNECTION: integer(1, 10_000)
    .default(100)
    .describe('Rooms that one `chorus.v1` socket may have joined at a time.'),
  MAX_QUEUED_BYTES: integer(1_024, 1_073_741_824)
    .default(1_048_576)
    .describe('Bytes that may wait for a socket that reads slowly; beyond that it is closed.'),
  IDLE_TIMEOUT_SECONDS: integer(8, 960)
    .default(60)
    .describe('Time after which a socket that answers no ping is closed, in seconds.'),
  INBOX_INTERVAL_MS: integer(10, 60_000)
    .default(100)
    .describe('Shortest time between two `inbox` frames to a socket.'),
  MAX_INBOX_ROOMS: integer(1, 1_000_000)
    .default(10_000)
    .describe('Rooms of a user who watches the inbox; `watch-inbox` of a member of more rooms is refused.'),
  RECOVERY_MAX_MESSAGES: integer(0, 1_000_000)
    .default(10_000)
    .describe('A client that missed more messages of a room than this must read them from the history API.'),
  PROBE_INTERVAL_MS: integer(50, 60_000)
    .default(1_000)
    .describe(
      'Interval of the probes that a gateway sends itself through Redis. A probe that takes longer than `REDIS_TIMEOUT_MS` means that nothing is delivered.',
    ),
  ROOM_LINGER_MS: integer(0, 600_000)
    .default(2_000)
    .describe('Time for which a gateway stays subscribed to a room after its last member left.'),
  ISOLATED_AFTER_MS: integer(0, 3_600_000)
    .default(10_000)
    .describe(
      'A gateway that has been cut off from Redis for this time, while at least half of the other gateways are ready, answers `/readyz` with 503 and asks its clients to reconnect elsewhere, over `DRAIN_MS`; 0 never does. If all gateways are cut off, they keep their sockets.',
    ),
  PEER_URL: url('http:', 'https:')
    .optional()
    .describe(
      'Address at which other gateways query `/readyz` of this one. By default that of `HOST`, or the first address of the machine.',
    ),
  PRESENCE_LEASE_MS: integer(500, 600_000)
    .default(10_000)
    .describe('Time after which the members of a dead gateway disappear from all lists.'),
  PRESENCE_ANNOUNCE_LIMIT: integer(0, 1_000_000)
    .default(1_000)
    .describe(
      'In rooms with more members, arrivals and departures are not announced; lists of members stay complete.',
    ),
  PRESENCE_GRACE_MS: integer(0, 600_000)
    .default(2_000)
    .describe('A user who reconnects within this time is not announced as gone.'),
  ...tracesSettings,
} as const;

/** Average bytes per message from which the default of `MAX_MESSAGE_BYTES_PER_SECOND_PER_USER` is computed. */
const BYTES_PER_MESSAGE = 2_560;

export interface GatewayConfig extends BalancedConfig {
  /** Undefined: there is no operator port. */
  operatorPort: number | undefined;
  auth: AuthConfig;
  /** Undefined: there is no before-publish hook. */
  hook: HookConfig | undefined;
  redis: RedisConfig;
  redisPrefix: string;
  batchWindowMs: number;
  deliveryWindowMs: number;
  maxBacklogBytes: number;
  drainMs: number;
  /** Undefined: rollouts are not noticed. */
  revision: string | undefined;
  drainHoldMs: number;
  rebalance: { auto: boolean; sharePerMinute: number };
  maxConnections: number;
  maxConnectsPerSecond: number;
  maxConnectionsPerUser: number;
  maxConnectionsPerAddress: number;
  maxRefusedPerAddress: number;
  maxFrameBytes: number;
  messageLimits: MessageLimits;
  maxMessagesPerSecond: number;
  maxMessagesPerSecondPerUser: number;
  maxMessageBytesPerSecondPerUser: number;
  maxRequestsPerSecondPerUser: number;
  maxReplayBytesPerSecondPerUser: number;
  maxRoomsPerConnection: number;
  maxQueuedBytes: number;
  idleTimeoutSeconds: number;
  inboxIntervalMs: number;
  maxInboxRooms: number;
  recoveryMaxMessages: number;
  /** Undefined: messages are kept for ever. */
  retentionDays: number | undefined;
  probeIntervalMs: number;
  roomLingerMs: number;
  /** 0: the gateway keeps its sockets even if it alone is cut off from Redis. */
  isolatedAfterMs: number;
  /** Undefined: derived from the listening address. */
  peerUrl: string | undefined;
  presenceLeaseMs: number;
  presenceGraceMs: number;
  presenceAnnounceLimit: number;
  /** Undefined: tracing is off. */
  traces: TracesConfig | undefined;
}

/** @throws {ConfigError} one line that names the variable */
export function loadGatewayConfig(env: Environment): GatewayConfig {
  refuseRemovedSettings(env);
  const settings = parseSettings(gatewaySettings, env, [...AUTH_SECRETS, ...HOOK_SECRETS, 'REDIS_URL']);
  const auth = authConfig(settings);
  if (auth.secret === undefined && auth.mode === 'token') {
    throw new ConfigError('JWT_SECRET is not set: it must be the one that the API signs tokens with');
  }
  const { MAX_MESSAGES_PER_SECOND: maxMessagesPerSecond } = settings;
  const maxMessagesPerSecondPerUser = settings.MAX_MESSAGES_PER_SECOND_PER_USER ?? maxMessagesPerSecond * 2;
  return {
    ...balancedConfig(settings),
    operatorPort: settings.OPERATOR_PORT,
    auth,
    hook: hookConfig(settings),
    redis: redisConfig(settings),
    redisPrefix: settings.REDIS_PREFIX,
    batchWindowMs: settings.BATCH_WINDOW_MS,
    deliveryWindowMs: settings.DELIVERY_WINDOW_MS,
    maxBacklogBytes: settings.ARCHIVE_BACKLOG_BYTES,
    drainMs: settings.DRAIN_MS,
    revision: settings.REVISION,
    drainHoldMs: settings.DRAIN_HOLD_MS,
    rebalance: {
      auto: settings.REBALANCE === 'auto',
      sharePerMinute: settings.REBALANCE_SHARE_PER_MINUTE,
    },
    maxConnections: settings.MAX_CONNECTIONS,
    maxConnectsPerSecond: settings.MAX_CONNECTS_PER_SECOND,
    maxConnectionsPerUser: settings.MAX_CONNECTIONS_PER_USER,
    maxConnectionsPerAddress: settings.MAX_CONNECTIONS_PER_ADDRESS,
    maxRefusedPerAddress: settings.MAX_REFUSED_PER_ADDRESS,
    maxFrameBytes: settings.MAX_FRAME_BYTES,
    messageLimits: messageLimits(settings),
    maxMessagesPerSecond,
    maxMessagesPerSecondPerUser,
    maxMessageBytesPerSecondPerUser:
      settings.MAX_MESSAGE_BYTES_PER_SECOND_PER_USER ?? maxMessagesPerSecondPerUser * BYTES_PER_MESSAGE,
    maxRequestsPerSecondPerUser: settings.MAX_REQUESTS_PER_SECOND_PER_USER ?? maxMessagesPerSecond * 4,
    maxReplayBytesPerSecondPerUser: settings.MAX_REPLAY_BYTES_PER_SECOND_PER_USER,
    maxRoomsPerConnection: settings.MAX_ROOMS_PER_CONNECTION,
    maxQueuedBytes: settings.MAX_QUEUED_BYTES,
    idleTimeoutSeconds: settings.IDLE_TIMEOUT_SECONDS,
    inboxIntervalMs: settings.INBOX_INTERVAL_MS,
    maxInboxRooms: settings.MAX_INBOX_ROOMS,
    recoveryMaxMessages: settings.RECOVERY_MAX_MESSAGES,
    retentionDays: retentionDays(settings),
    probeIntervalMs: settings.PROBE_INTERVAL_MS,
    roomLingerMs: settings.ROOM_LINGER_MS,
    isolatedAfterMs: settings.ISOLATED_AFTER_MS,
    peerUrl: settings.PEER_URL,
    presenceLeaseMs: settings.PRESENCE_LEASE_MS,
    presenceAnnounceLimit: settings.PRESENCE_ANNOUNCE_LIMIT,
    presenceGraceMs: settings.PRESENCE_GRACE_MS,
    traces: tracesConfig(settings),
  };
}

/** The setting is refused, not ignored: running one process instead of several would be noticed only under load. */
function refuseRemovedSettings({ GATEWAY_PROCESSES: processes = '' }: Environment): void {
  if (processes === '') return;
  throw new ConfigError(
    `GATEWAY_PROCESSES=${JSON.stringify(processes)} is no longer a setting: unset it, and start one gateway per core, each with its own PORT, behind the load balancer`,
  );
}
