import { fileURLToPath } from 'node:url';
import { type ApiConfig, loadApiConfig } from '@chorus/api';
import { type ArchiveConfig, loadArchiveConfig } from '@chorus/archiver';
import { type DispatchConfig, loadDispatchConfig } from '@chorus/dispatcher';
import { type GatewayConfig, loadGatewayConfig } from '@chorus/gateway';
import { REDIS_SERVER_SETTINGS } from '@chorus/redis';
import { type Environment, LOG_LEVELS, oneOf, parseSettings, port } from '@chorus/service';
import { z } from 'zod';

/** Where the chat page and the documentation are built, seen from here. */
const WEB_DIR = fileURLToPath(new URL('../../web/dist', import.meta.url));
const DOCS_DIR = fileURLToPath(new URL('../../docs/dist', import.meta.url));

/** Standalone's own variables; those of the API, the gateway, the archiver and the dispatcher are honoured as well, but for their ports. */
export const standaloneSettings = {
  HOST: z
    .string()
    .default('localhost')
    .describe('`localhost` is 127.0.0.1 and ::1; `0.0.0.0` lets other machines connect.'),
  PORT: port().default(8080).describe('In standalone it serves everything.'),
  DATA_DIR: z
    .string()
    .default(fileURLToPath(new URL('../../../.data', import.meta.url)))
    .describe('Folder of the database and the token secret. By default `.data` in the project.'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('warn').describe('Least severe level that is logged.'),
};

export interface StandaloneConfig {
  host: string;
  port: number;
  dataDir: string;
  logLevel: (typeof LOG_LEVELS)[number];
  archive: ArchiveConfig;
  dispatch: DispatchConfig;
  /** Of the API and of each gateway, given the secret to use when none is set. */
  api(secret: string): ApiConfig;
  gateway(secret: string, nodeId: string): GatewayConfig;
}

/** @throws {ConfigError} one line that names the variable */
export function loadStandaloneConfig(env: Environment): StandaloneConfig {
  const settings = parseSettings(standaloneSettings, env);
  // Only the balancer is reached from outside; it is the one proxy in front of the others.
  const inner = (secret: string, nodeId: string, host: string): Environment => ({
    ...env,
    HOST: host,
    PORT: '0',
    TRUST_PROXY: '1',
    NODE_ID: nodeId,
    LOG_LEVEL: settings.LOG_LEVEL,
    JWT_SECRET: env.JWT_SECRET || secret,
    WEB_DIR: env.WEB_DIR || WEB_DIR,
    DOCS_DIR: env.DOCS_DIR || DOCS_DIR,
    // There is no Redis here, and what is in the shell may be meant for another one.
    ...Object.fromEntries(['REDIS_URL', ...REDIS_SERVER_SETTINGS].map((name) => [name, ''])),
    // All services end together, so clients cannot reconnect elsewhere and a delay would be useless.
    DRAIN_DELAY_MS: env.DRAIN_DELAY_MS || '0',
    DRAIN_MS: env.DRAIN_MS || '0',
  });
  const config: StandaloneConfig = {
    host: settings.HOST,
    port: settings.PORT,
    dataDir: settings.DATA_DIR,
    logLevel: settings.LOG_LEVEL,
    archive: loadArchiveConfig(env),
    dispatch: loadDispatchConfig(env),
    // People open the page of its port for operators.
    api: (secret) => loadApiConfig(inner(secret, 'api-1', 'localhost')),
    gateway: (secret, nodeId) => loadGatewayConfig(inner(secret, nodeId, '127.0.0.1')),
  };
  // A mistake in any variable is reported before anything is started.
  config.api('-'.repeat(32));
  config.gateway('-'.repeat(32), 'gateway-1');
  return config;
}
