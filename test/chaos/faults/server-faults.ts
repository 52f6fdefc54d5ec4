import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '@chorus/cluster';
import { eventually } from '../../support/eventually.js';
import type { RedisProbe } from '../../support/redis-probe.js';
import type { ChaosCluster } from '../chaos-cluster.js';
import type { ServerFaultKind } from '../history.js';
import { createPrng } from '../prng.js';
import type { PlannedFault } from '../schedule.js';

export interface ServerFaultContext {
  cluster: ChaosCluster;
  redis: RedisProbe;
  /** What it was done to, as soon as that is known. */
  hits(what: string): void;
  signal: AbortSignal;
}

type ServerFault = (planned: PlannedFault, context: ServerFaultContext) => Promise<void>;

/** Faults of processes and connections. Each resolves when what it broke is ready again. */
export const SERVER_FAULTS: Readonly<Record<ServerFaultKind, ServerFault>> = {
  'gateway-kill': (planned, context) => killOne(running(context.cluster.gateways), planned, context),
  'archiver-kill': (planned, context) => killOne(context.cluster.archivers, planned, context),

  async 'rolling-restart'({ forMs, seed }, { cluster, hits, signal }) {
    const gateways = createPrng(seed).shuffled(running(cluster.gateways));
    hits(gateways.map(({ nodeId }) => nodeId).join(', then '));
    for (const gateway of gateways) {
      await gateway.stop();
      await sleep(forMs, undefined, { signal });
      await gateway.start();
    }
  },

  async rollout(_planned, { cluster, hits }) {
    const old = running(cluster.gateways);
    const names = (members: readonly Member[]): string => members.map(({ nodeId }) => nodeId).join(', ');
    const fresh = await Promise.all(old.map(() => cluster.addGateway()));
    hits(`${names(fresh)} for ${names(old)}`);
    await Promise.all(old.map((gateway) => gateway.stop()));
  },

  'redis-restart': (planned, { cluster, ...context }) =>
    restart(owned(cluster.redis.member), 'SIGTERM', planned, context),
  'redis-kill': (planned, { cluster, ...context }) =>
    restart(owned(cluster.redis.member), 'SIGKILL', planned, context),

  async 'redis-freeze'({ forMs }, { cluster, hits, signal }) {
    const redis = owned(cluster.redis.member);
    hits(`redis (pid ${redis.pid}) for ${forMs} ms`);
    redis.kill('SIGSTOP');
    try {
      await sleep(forMs, undefined, { signal });
    } finally {
      redis.kill('SIGCONT');
    }
  },

  async 'subscriber-cut'(_planned, { redis, hits }) {
    // The probe may be on its way back from the outage before.
    hits(`${await eventually(() => redis.killSubscribers())} subscribers`);
  },

  async 'postgres-restart'({ forMs }, { cluster, hits, signal }) {
    const postgres = owned(cluster.postgres.member);
    hits(`postgres (pid ${postgres.pid}), away for ${forMs} ms`);
    await postgres.stop();
    await sleep(forMs, undefined, { signal });
    await postgres.start();
  },
};

/** Not those that others took the place of. */
function running(members: readonly Member[]): readonly Member[] {
  return members.filter((member) => member.running);
}

async function killOne(
  members: readonly Member[],
  planned: PlannedFault,
  context: Pick<ServerFaultContext, 'hits' | 'signal'>,
): Promise<void> {
  await restart(createPrng(planned.seed).pick(members), 'SIGKILL', planned, context);
}

async function restart(
  member: Member,
  how: NodeJS.Signals,
  { forMs }: PlannedFault,
  { hits, signal }: Pick<ServerFaultContext, 'hits' | 'signal'>,
): Promise<void> {
  hits(`${member.nodeId} (pid ${member.pid}) by ${how}, away for ${forMs} ms`);
  const ended = member.exited();
  member.kill(how);
  await ended;
  await sleep(forMs, undefined, { signal });
  await member.start();
}

function owned(member: Member | undefined): Member {
  if (member === undefined) throw new Error('somebody else owns that server');
  return member;
}
