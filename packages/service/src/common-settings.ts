import { z } from 'zod';
import { originProblem } from './allowed-origins.js';
import { integer, list, oneOf, port } from './config.js';
import { LOG_LEVELS } from './logger.js';

/** Settings of every process that listens. */
export const listenerSettings = (defaultPort: number) => ({
  HOST: z.string().default('0.0.0.0').describe('Address to listen on.'),
  PORT: port().default(defaultPort).describe('Port to listen on; 0 lets the system choose.'),
  NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .optional()
    .describe('Name of this process in logs and presence; unique in the cluster. Made up when not set.'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info').describe('Least important level that is logged.'),
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
      'Origins of web pages that may call, besides the one that the request itself is for. `*` allows all, `null` pages without an origin; both without cookies.',
    ),
});

/** Settings of every process that clients reach through a balancer. */
export const balancedSettings = {
  TRUST_PROXY: integer(0, 16)
    .default(0)
    .describe(
      'Proxies in front that append to `X-Forwarded-For`; 0 takes the address of the connection. `Forwarded` is not read.',
    ),
  DRAIN_DELAY_MS: integer(0, 600_000)
    .default(5_000)
    .describe(
      'How long a process that was told to stop goes on as before, not ready, until balancers have noticed.',
    ),
};

/** Setting of every process that tells operators how it is. */
export const operatorPortSettings = {
  OPERATOR_PORT: port()
    .optional()
    .describe(
      'Port for operators, on the same address: `/metrics`, `/livez`, `/readyz`, and of the API the operator API. 0 lets the system choose; without it there is none.',
    ),
};
