import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ReadyTargets } from './ready-targets.js';

/** Base URLs (`http://127.0.0.1:3000`) of equal processes, by kind. */
export interface Targets {
  apis: readonly string[];
  gateways: readonly string[];
}

export type Kind = keyof Targets;

/** How long a process may take to accept a connection, in milliseconds. */
const CONNECT_MS = 5_000;

/**
 * Connects to APIs and gateways in turn. Skips processes that have ended, and those that are not ready while others
 * are.
 */
export class Upstreams {
  #targets: Targets;
  readonly #ready = new ReadyTargets();
  readonly #turns: Record<Kind, number> = { apis: 0, gateways: 0 };

  constructor(targets: Targets) {
    this.#targets = targets;
    this.set(targets);
  }

  /** Takes effect with the next connection. */
  set(targets: Targets): void {
    this.#targets = targets;
    this.#ready.watch([...targets.apis, ...targets.gateways]);
  }

  /** Connects to the next process that accepts; undefined if none does. */
  async connect(kind: Kind): Promise<Socket | undefined> {
    const candidates = this.#ready.among(this.#targets[kind]);
    const start = this.#turns[kind]++;
    for (let index = 0; index < candidates.length; index++) {
      const { hostname, port } = new URL(candidates[(start + index) % candidates.length] ?? '');
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
        return socket;
      } catch {
        socket.destroy();
      }
    }
    return undefined;
  }

  close(): void {
    this.#ready.close();
  }
}
