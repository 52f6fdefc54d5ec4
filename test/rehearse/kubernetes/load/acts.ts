import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../../rehearsals/perform.js';
import { NAMESPACE } from '../checks/install.js';
import { until } from '../cluster/cluster.js';
import type { Kubectl } from '../cluster/kubectl.js';

/** Something that operators do, or that happens, while clients chat. */
export interface Act {
  readonly title: string;
  /** Largest number of moves of one client. */
  readonly moves: number;
  /** Longest time in which no client gets an ack, in seconds; undefined where Redis is away. */
  readonly silence: number | undefined;
  /** Whether messages may be refused meanwhile, with an error that asks the client to retry. */
  readonly refuses?: boolean;
  /** Resolves when the cluster is as before, or as it shall stay. */
  perform(operator: Operator, scene: Scene): Promise<void>;
}

const SERVICES = ['api', 'gateway', 'archiver', 'dispatcher'];
const ROLLOUT_TIMEOUT = '--timeout=300s';
/** Replicas of the overlay `dev`, and those to which it is scaled. */
const GATEWAYS = { few: 3, many: 5 };
/** Sockets move to new gateways meanwhile, in milliseconds. */
const SETTLED_MS = 15_000;

/** Calls `kubectl` as the how-to says. */
export class Operator {
  constructor(private readonly kubectl: Kubectl) {}

  run(...args: string[]): Promise<string> {
    return this.kubectl.run('-n', NAMESPACE, ...args);
  }

  async rolledOut(...names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map((name) => this.run('rollout', 'status', `deploy/chorus-${name}`, ROLLOUT_TIMEOUT)),
    );
    await this.noneEnding();
  }

  /** Resolves when all pods that were asked to end have ended. */
  async noneEnding(): Promise<void> {
    await until('the end of old pods', async () => {
      const pods = await this.run('get', 'pods', '-o', 'jsonpath={.items[*].metadata.deletionTimestamp}');
      if (pods.trim() !== '') throw new Error(`ending since ${pods}`);
    });
  }

  async restart(...names: readonly string[]): Promise<void> {
    await this.run('rollout', 'restart', ...names.map((name) => `deploy/chorus-${name}`));
    await this.rolledOut(...names);
  }

  async scale(replicas: number): Promise<void> {
    await this.run('scale', 'deploy/chorus-gateway', `--replicas=${replicas}`);
    await this.rolledOut('gateway');
  }

  /** Deletes the pod of a StatefulSet and waits for its successor. */
  async replacePod(name: string): Promise<void> {
    await this.run('delete', 'pod', `${name}-0`);
    await this.run('rollout', 'status', `statefulset/${name}`, ROLLOUT_TIMEOUT);
  }
}

export const ACTS: readonly Act[] = [
  {
    title: 'Gateways restarted',
    moves: 1,
    silence: 1,
    perform: (operator) => operator.restart('gateway'),
  },
  {
    title: 'Everything restarted',
    moves: 1,
    silence: 1,
    perform: (operator) => operator.restart(...SERVICES),
  },
  {
    title: 'Gateways rolled back',
    moves: 1,
    silence: 1,
    async perform(operator) {
      await operator.run('rollout', 'undo', 'deploy/chorus-gateway');
      await operator.rolledOut('gateway');
    },
  },
  {
    title: 'Gateways scaled out and in',
    // To a new gateway, and away from it.
    moves: 2,
    silence: 1,
    async perform(operator) {
      await operator.scale(GATEWAYS.many);
      await sleep(SETTLED_MS);
      await operator.scale(GATEWAYS.few);
    },
  },
  {
    title: 'A gateway killed',
    moves: 1,
    silence: 1,
    async perform(operator) {
      const component = 'app.kubernetes.io/component=gateway';
      const name = await operator.run(
        'get',
        'pods',
        '-l',
        component,
        '-o',
        'jsonpath={.items[0].metadata.name}',
      );
      await operator.run('delete', 'pod', name, '--force', '--grace-period=0');
      await operator.rolledOut('gateway');
    },
  },
  {
    title: 'A machine drained',
    // A client may move to a pod of the same machine that is evicted next.
    moves: 2,
    silence: 1,
    async perform(operator) {
      await operator.run(
        'drain',
        'machine2',
        '--ignore-daemonsets',
        '--delete-emptydir-data',
        '--timeout=300s',
      );
      await operator.rolledOut(...SERVICES);
      await operator.run('uncordon', 'machine2');
    },
  },
  {
    title: 'PostgreSQL restarted',
    // Gateways that are not level yet move some sockets meanwhile.
    moves: 1,
    silence: 1,
    perform: (operator) => operator.replacePod('chorus-postgres'),
  },
  {
    title: 'Redis restarted',
    moves: 1,
    silence: undefined,
    refuses: true,
    perform: (operator) => operator.replacePod('chorus-redis'),
  },
  {
    title: 'JWT_SECRET replaced',
    // Each of both steps restarts the gateways.
    moves: 2,
    silence: 1,
    async perform(operator) {
      const old = await secretOf(operator, 'JWT_SECRET');
      const fresh = randomBytes(32).toString('hex');
      for (const [signs, accepted] of [
        [old, fresh],
        [fresh, old],
      ]) {
        const stringData = { JWT_SECRET: signs, JWT_ACCEPTED_SECRETS: accepted };
        await operator.run('patch', 'secret', 'chorus-secrets', '-p', JSON.stringify({ stringData }));
        await operator.restart('api', 'gateway');
      }
    },
  },
];

/** Returns a value of the Secret. */
export async function secretOf(operator: Operator, key: string): Promise<string> {
  const value = await operator.run('get', 'secret', 'chorus-secrets', '-o', `jsonpath={.data.${key}}`);
  return Buffer.from(value, 'base64').toString();
}
