import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '@chorus/cluster';
import { createPrng } from '@chorus/testing';
import type { PlannedFault } from '../run/schedule.js';
import { running } from '../worlds/running.js';
import type { ServerFault, ServerFaultContext } from './server-fault.js';

/** Delay of a kill behind a request that takes some milliseconds. */
const INTO_CHANGE_MS = 25;
/** Longest wait for a request. */
const CHANGE_MS = 3_000;
const KILL_PAUSE_MS = [100, 900] as const;
const API_AWAY_MS = [100, 600] as const;
const CLOCK_STEP_MS = [1_000, 120_000] as const;

/** Processes that end, freeze, or have a wrong clock. */
export const PROCESS_FAULTS = {
  'gateway-kill': (planned, context) => killOne(running(context.cluster.gateways), planned, context),
  'archiver-kill': (planned, context) => killOne(context.cluster.archivers, planned, context),
  'dispatcher-kill': (planned, context) => killOne(context.cluster.dispatchers, planned, context),
  'dispatcher-freeze': (planned, context) => freezeOne(context.cluster.dispatchers, planned, context),

  async 'api-kill'({ forMs, seed }, { cluster, hits, nextChange, signal }) {
    const prng = createPrng(seed);
    const victims = prng.next() < 0.6 ? cluster.apis : [prng.pick(cluster.apis)];
    const intoMs = prng.next() * INTO_CHANGE_MS;
    await Promise.race([nextChange(), sleep(CHANGE_MS, undefined, { signal })]);
    // Timers are too coarse for so short a time.
    for (const until = performance.now() + intoMs; performance.now() < until; ) await setImmediate();
    const names = victims.map(({ nodeId }) => nodeId).join(' with ');
    hits(
      `${names} by SIGKILL, ${intoMs.toFixed(1)} ms after a change of members was requested, away for ${forMs} ms`,
    );
    await Promise.all(victims.map((api) => restart(api, 'SIGKILL', { forMs }, { signal, hits: () => {} })));
  },

  async 'gateway-freeze'(planned, context) {
    const gateways = running(context.cluster.gateways);
    await freezeOne(gateways, planned, context, ({ nodeId }) => context.cutsOff([nodeId]));
  },

  async 'gateway-clock'({ forMs, seed }, { cluster, hits, signal }) {
    const prng = createPrng(seed);
    const gateway = prng.pick(running(cluster.gateways));
    const offsetMs = prng.pick([-1, 1]) * prng.between(...CLOCK_STEP_MS);
    hits(`the clock of ${gateway.nodeId} by ${offsetMs} ms for ${forMs} ms`);
    cluster.clocks.set(gateway.nodeId, offsetMs);
    try {
      await sleep(forMs, undefined, { signal });
    } finally {
      cluster.clocks.set(gateway.nodeId, 0);
    }
  },

  async 'recreated-rooms'({ forMs, seed }, context) {
    const { cluster, recreated, hits, signal } = context;
    const prng = createPrng(seed);
    const until = performance.now() + forMs;
    const killed: string[] = [];
    const kill = async (api: Member): Promise<void> => {
      await restart(api, 'SIGKILL', { forMs: prng.between(...API_AWAY_MS) }, { signal, hits: () => {} });
    };
    await recreated.burst(forMs, async () => {
      while (performance.now() < until) {
        await sleep(prng.between(...KILL_PAUSE_MS), undefined, { signal });
        const victims = prng.next() < 0.5 ? cluster.apis : [prng.pick(cluster.apis)];
        killed.push(victims.map(({ nodeId }) => nodeId).join(' with '));
        hits(`rooms created, renamed and deleted for ${forMs} ms; killed meanwhile: ${killed.join(', ')}`);
        await Promise.all(victims.map(kill));
      }
    });
  },

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
} satisfies Record<string, ServerFault>;

async function killOne(
  members: readonly Member[],
  planned: PlannedFault,
  context: ServerFaultContext,
): Promise<void> {
  await restart(createPrng(planned.seed).pick(members), 'SIGKILL', planned, context);
}

async function freezeOne(
  members: readonly Member[],
  { forMs, seed }: PlannedFault,
  { hits, signal }: ServerFaultContext,
  onFreeze?: (member: Member) => void,
): Promise<void> {
  const member = createPrng(seed).pick(members);
  hits(`${member.nodeId} (pid ${member.pid}) for ${forMs} ms`);
  onFreeze?.(member);
  member.kill('SIGSTOP');
  try {
    await sleep(forMs, undefined, { signal });
  } finally {
    member.kill('SIGCONT');
  }
}

/** Ends a process and restarts it after a while. */
export async function restart(
  member: Member,
  how: NodeJS.Signals,
  { forMs }: Pick<PlannedFault, 'forMs'>,
  { hits, signal }: Pick<ServerFaultContext, 'hits' | 'signal'>,
): Promise<void> {
  hits(`${member.nodeId} (pid ${member.pid}) by ${how}, away for ${forMs} ms`);
  const ended = member.exited();
  member.kill(how);
  await ended;
  await sleep(forMs, undefined, { signal });
  await member.start();
}
