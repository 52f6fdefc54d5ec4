import { randomBytes } from 'node:crypto';
import { ConfigError } from '@chorus/service/config-error';
import { PROCESS_COUNT_RULE, processCount } from './process-count.js';

/** Several gateway processes on one port. */
export interface ProcessPlan {
  /** Of each process; unique in the cluster. */
  readonly nodeIds: readonly string[];
  /** What the parent calls itself in logs. */
  readonly nodeId: string;
  /** Where the parent serves operators; undefined when it does not. */
  readonly operators: { readonly host: string; readonly port: number } | undefined;
}

/** The longest `NODE_ID`. */
const LONGEST_NODE_ID = 64;

/**
 * Which processes there are to be; undefined for one gateway in this process. Only what concerns the parent is checked:
 * its children say what is wrong with the other settings.
 *
 * @throws {ConfigError} one line that names the variable
 */
export function planProcesses(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): ProcessPlan | undefined {
  const text = env.GATEWAY_PROCESSES || '1';
  const count = processCount(text);
  if (count === undefined) {
    throw new ConfigError(`GATEWAY_PROCESSES=${JSON.stringify(text)} is not valid: ${PROCESS_COUNT_RULE}`);
  }
  if (count === 1) return undefined;
  if (platform !== 'linux') {
    throw new ConfigError(
      `GATEWAY_PROCESSES=${JSON.stringify(text)} is not valid: processes share a port evenly on Linux only`,
    );
  }
  const nodeId = env.NODE_ID || `gateway-${randomBytes(4).toString('hex')}`;
  const longest = LONGEST_NODE_ID - `-${count}`.length;
  if (nodeId.length > longest) {
    throw new ConfigError(
      `NODE_ID=${JSON.stringify(nodeId)} is not valid: it may have ${longest} characters with GATEWAY_PROCESSES=${text}`,
    );
  }
  return {
    nodeId,
    operators: operatorAddress(env),
    nodeIds: Array.from({ length: count }, (_, index) => `${nodeId}-${index + 1}`),
  };
}

/** Undefined also for a port that makes no sense: the first child says what is wrong, and nothing starts. */
function operatorAddress({
  OPERATOR_PORT: port = '',
  HOST: host,
}: Readonly<Record<string, string | undefined>>) {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return undefined;
  return { host: host || '0.0.0.0', port: Number(port) };
}
