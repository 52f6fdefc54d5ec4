import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '@chorus/cluster';
import { createPrng, type Prng } from '@chorus/testing';
import type { ServerName, Trouble } from '../network/trouble.js';
import type { PlannedFault } from '../run/schedule.js';
import type { ChaosCluster } from '../worlds/chaos-cluster.js';
import { running } from '../worlds/running.js';
import { needed, type ServerFault, type ServerFaultContext } from './server-fault.js';

const SLOWEST_MS = [20, 400] as const;
const TORN_SHARE = 0.01;

/** Faults between processes and servers. */
export const NETWORK_FAULTS = {
  'network-silence': (planned, context) => {
    const prng = createPrng(planned.seed + 1);
    const [requests, answers] = prng.pick([
      [true, true],
      [true, false],
      [false, true],
    ] as const);
    const what = requests && answers ? 'nothing' : `no ${requests ? 'requests' : 'answers'}`;
    return disturb(planned, context, { kind: 'silent', requests, answers }, what, prng.next() < 0.5);
  },

  'network-delay': (planned, context) => {
    const toMs = createPrng(planned.seed + 1).between(...SLOWEST_MS);
    const trouble = { kind: 'slow', fromMs: toMs / 10, toMs } as const;
    return disturb(planned, context, trouble, `everything late by up to ${toMs} ms`, false);
  },

  'network-cut': (planned, context) =>
    disturb(planned, context, { kind: 'torn', share: TORN_SHARE }, 'connections cut within data', false),

  'network-refusal': (planned, context) =>
    disturb(planned, context, { kind: 'refusing' }, 'connections refused', false),
} satisfies Record<string, ServerFault>;

async function disturb(
  { forMs, seed }: PlannedFault,
  { cluster, hits, cutsOff, signal }: ServerFaultContext,
  trouble: Trouble,
  what: string,
  reset: boolean,
): Promise<void> {
  const network = needed(cluster.network);
  const { server, members } = between(createPrng(seed), cluster);
  const names = members.map(({ nodeId }) => `${nodeId}:${server}`);
  const end = reset ? ', connections reset at the end' : '';
  hits(
    `between ${members.map(({ nodeId }) => nodeId).join(', ')} and ${server}: ${what} for ${forMs} ms${end}`,
  );
  if (server === 'redis') cutsOff(members.map(({ nodeId }) => nodeId));
  await network.trouble(names, trouble);
  try {
    await sleep(forMs, undefined, { signal });
  } finally {
    await network.trouble(names, undefined, reset);
  }
}

/** One process in half of the cases, otherwise all connections to one server. */
function between(
  prng: Prng,
  { gateways, apis, archivers, dispatchers }: ChaosCluster,
): { server: ServerName; members: readonly Member[] } {
  const [forGateways, forOthers] = [running(gateways), running([...apis, ...archivers])];
  const ofPostgres = [...forOthers, ...running(dispatchers)];
  const luck = prng.next();
  if (luck < 0.4) return { server: 'redis', members: [prng.pick(forGateways)] };
  if (luck < 0.55) return { server: 'redis', members: [prng.pick(forOthers)] };
  if (luck < 0.7) return { server: 'postgres', members: [prng.pick(ofPostgres)] };
  if (luck < 0.85) return { server: 'redis', members: [...forGateways, ...forOthers] };
  return { server: 'postgres', members: ofPostgres };
}
