import { connect } from 'node:net';
import { LoadError } from '../run/load-parts.js';

const WAIT_MS = 3_000;

/**
 * Checks the targets before a run, which would retry for minutes. @throws {LoadError} for the first that does not
 * answer
 */
export async function requireReachable(targets: readonly string[], waitMs = WAIT_MS): Promise<void> {
  await Promise.all([...new Set(targets)].map((target) => knock(target, waitMs)));
}

function knock(target: string, waitMs: number): Promise<void> {
  const { protocol, hostname, port } = new URL(target);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (protocol === 'wss:' ? 443 : 80)),
      timeout: waitMs,
    });
    const fail = (why: string): void => {
      socket.destroy();
      reject(new LoadError(`no server answers at ${target}: ${why}`));
    };
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => fail(`no connection within ${waitMs / 1_000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  });
}
