import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Member } from '@chorus/protocol';
import type { Closeable } from '@chorus/service';
import type { BenchGateway } from './bench-gateways.js';

/** A user with a socket in a room. */
export interface IdleUser extends Member {
  readonly roomId: number;
}

/** Order to a process that holds sockets. */
export interface IdleOrder {
  readonly kind: SocketKind;
  readonly port: number;
  readonly secret: string;
  readonly users: readonly IdleUser[];
}

export type SocketKind = 'plain' | 'chorus.v1';

/** Sockets at one gateway, held by a process of their own. */
export interface IdleSockets extends Closeable {
  /** Opens one socket per user; resolves when all are in their rooms. */
  open(users: readonly IdleUser[]): Promise<void>;
}

const CLIENT = fileURLToPath(new URL('idle-client.ts', import.meta.url));

export function holdSockets({ port, secret }: BenchGateway, kind: SocketKind): IdleSockets {
  const client = fork(CLIENT, { execArgv: ['--import', 'tsx'] });
  const ended = once(client, 'exit');
  return {
    open: async (users) => {
      client.send({ kind, port, secret, users } satisfies IdleOrder);
      const answer = once(client, 'message');
      const early = ended.then(() => {
        throw new Error('the process that holds the sockets has ended');
      });
      await Promise.race([answer, early]);
    },
    close: async () => {
      if (client.connected) client.disconnect();
      await ended;
    },
  };
}
