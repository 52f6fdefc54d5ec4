import { z } from 'zod';
import { originProblem } from '../http/allowed-origins.js';
import { LOG_LEVELS } from '../telemetry/logger.js';
import { identifier, integer, list, oneOf, port } from './config.js';

/** Settings of every process that listens. */
export const listenerSettings = (defaultPort: number) => ({
  HOST: z.string().default('0.0.0.0').describe('Address to listen on.'),
  PORT: port().default(defaultPort).describe('Port to listen on; 0 lets the system choose.'),
  NODE_ID: identifier()
    .optional()
    .describe('Id of this process in logs and presence; unique in the cluster. Generated if not set.'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info').describe('Least severe level that is logged.'),
  ALLOWED_ORIGINS: list()
    .superRefine((origins, context) => {
      const problems = origins.map(originProblem);
      const at = problems.findIndex((problem) => problem !== undefined);
      const problem = problems[at];
      if (problem === undefined) return;
      const message = problem.startsWith('must ') ? problem : `${JSON.stringify(origins[at])}: ${problem}`;
      context.addIssue({ code: 'custom', message });
    })
    .default([])
    .describe(
      '[Origins of web pages](../how-to/other-origins.md) that may call, besides the origin of the request itself. `*` allows all pages, `null` pages without an origin; both without cookies.',
    ),
});

/** Address, id and log level of a process that listens. */
export interface ListenerConfig {
  readonly host: string;
  readonly port: number;
  /** Undefined: the process generates an id. */
  readonly nodeId: string | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** Returns the listener of {@link listenerSettings}. */
export function listenerConfig(settings: {
  HOST: string;
  PORT: number;
  NODE_ID?: string | undefined;
  LOG_LEVEL: (typeof LOG_LEVELS)[number];
}): ListenerConfig {
  const { HOST: host, PORT: port, NODE_ID: nodeId, LOG_LEVEL: logLevel } = settings;
  return { host, port, nodeId, logLevel };
}

/** Settings of every process that clients reach through a load balancer. */
export const balancedSettings = {
  TRUST_PROXY: integer(0, 16)
    .default(0)
    .describe(
      'Number of proxies in front that append to [`X-Forwarded-For`](#client-addresses-behind-a-proxy); 0 takes the address of the connection.',
    ),
  DRAIN_DELAY_MS: integer(0, 600_000)
    .default(5_000)
    .describe(
      'Time for which a process works as before after SIGTERM, not ready, until balancers have noticed.',
    ),
};

/** A listener that clients reach through a load balancer. */
export interface BalancedConfig extends ListenerConfig {
  readonly allowedOrigins: readonly string[];
  /** Number of proxies in front whose `X-Forwarded-*` headers are trusted. */
  readonly trustedProxies: number;
  readonly drainDelayMs: number;
}

/** Returns the listener of {@link listenerSettings} and {@link balancedSettings}. */
export function balancedConfig(
  settings: Parameters<typeof listenerConfig>[0] & {
    ALLOWED_ORIGINS: readonly string[];
    TRUST_PROXY: number;
    DRAIN_DELAY_MS: number;
  },
): BalancedConfig {
  return {
    ...listenerConfig(settings),
    allowedOrigins: settings.ALLOWED_ORIGINS,
    trustedProxies: settings.TRUST_PROXY,
    drainDelayMs: settings.DRAIN_DELAY_MS,
  };
}

/** Setting of every process with an operator port. */
export const operatorPortSettings = {
  OPERATOR_PORT: port()
    .optional()
    .describe(
      'Port for operators, on the address of `HOST`: `/metrics`, `/livez`, `/readyz`, and for an API the operator API. 0 lets the system choose; without it there is none.',
    ),
};
