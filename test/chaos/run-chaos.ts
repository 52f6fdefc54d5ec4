import { setMaxListeners } from 'node:events';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageFrame } from '@chorus/protocol';
import { Closer } from '@chorus/service';
import { check, type Verdict } from './checker/checker.js';
import type { Participant } from './clients/participant.js';
import { Conversations } from './conversations/conversations.js';
import { Programs } from './events/programs.js';
import { inject } from './faults/inject.js';
import { type Figures, figuresOf } from './figures/figures.js';
import type { Spread } from './figures/spread.js';
import { type Timeline, timelineOf } from './figures/timeline.js';
import type { Fault, History } from './history/history.js';
import { indexHistory } from './history/index-history.js';
import type { ChaosOptions } from './options.js';
import { gather } from './run/gather.js';
import { planFaults, type Schedule, scheduleLines } from './run/schedule.js';
import { settle } from './run/settle.js';
import { Workload } from './run/workload.js';
import { openClusterWorld } from './worlds/cluster-world.js';
import { openStandaloneWorld } from './worlds/standalone-world.js';
import { OBSERVER } from './worlds/world.js';

export type RunOptions = Omit<ChaosOptions, 'report' | 'scenario'> & { scenario: keyof typeof WORLDS };

/** The servers that faults break, by scenario. */
const WORLDS = { faults: openClusterWorld, standalone: openStandaloneWorld };

export interface ChaosResult {
  readonly options: RunOptions;
  readonly schedule: Schedule;
  /** Description of the servers. */
  readonly about: string;
  readonly faults: readonly Fault[];
  readonly verdicts: readonly Verdict[];
  readonly figures: Figures;
  /** Delays of this process' timers: nothing is measured more exactly, and an overloaded machine shows. */
  readonly lateness: Spread;
  readonly timeline: Timeline;
  /** The last lines that the processes of the cluster logged. */
  readonly log: readonly string[];
}

export interface RunContext {
  /** If aborted, the run ends as soon as it can and rejects. */
  signal: AbortSignal;
  /** Receives the progress, line by line. */
  say(line: string): void;
}

/** Number of clients that start together. */
const STARTING = 50;
const START_PAUSE_MS = 80;
const ENTERED_MS = 60_000;

/** Runs from the start of a cluster to the verdicts. No process is left running afterwards. */
export async function runChaos(options: RunOptions, context: RunContext): Promise<ChaosResult> {
  const closer = new Closer();
  // Every waiting part adds a listener.
  setMaxListeners(0, context.signal);
  try {
    return await run(options, context, closer);
  } finally {
    await closer.close();
  }
}

async function run(options: RunOptions, { signal, say }: RunContext, closer: Closer): Promise<ChaosResult> {
  const schedule = planFaults(options.seed, options.seconds, options.faults);
  say(`seed ${options.seed}: starting`);
  for (const line of scheduleLines(schedule)) say(line);
  const roomIds = Array.from({ length: options.rooms }, (_, index) => index + 1);
  const kinds = new Set(schedule.servers.map(({ kind }) => kind));
  const world = closer.add(await WORLDS[options.scenario]({ ...options, roomIds, kinds, signal }));
  signal.throwIfAborted();
  const messages = new Map<string, MessageFrame>();
  const participants = gather(world, { ...options, messages });
  closer.defer(() => {
    for (const { client } of participants) client.close();
  });
  const programs =
    world.programs &&
    closer.add(await Programs.start(world, world.programs, { seed: options.seed, signal, say }));
  await world.createRooms(roomIds, world.tokenOf(OBSERVER));
  const conversations = closer.add(await Conversations.start(world, { seed: options.seed, signal, say }));

  for (const [index, { client }] of participants.entries()) {
    client.start();
    if (index % STARTING === STARTING - 1) await sleep(START_PAUSE_MS, undefined, { signal });
  }
  await untilAllEntered(participants, signal);
  say(`${participants.length} clients are in ${roomIds.length} rooms; ${options.seconds} s of chaos`);

  const workload = new Workload(participants, options.rate, options.seed);
  closer.defer(() => workload.stop());
  conversations.work();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const endAt = performance.now() + options.seconds * 1_000;
  const onFault = (kind: string, what: string): void => say(`${kind}: ${what}`);
  const injecting = inject({
    ...{ schedule, world, endAt, signal, onFault },
    participants: [...participants, ...conversations.troubled],
    receiver: programs?.receiver,
    nextChange: () => conversations.nextChange(),
  });
  const [faults] = await Promise.all([injecting, sleep(options.seconds * 1_000, undefined, { signal })]);
  workload.stop();
  delay.disable();

  say('waiting until all is quiet');
  const lossy = faults.some(({ loss }) => loss !== undefined);
  const { observer, promises } = world;
  await Promise.all([
    settle({ participants, roomIds, observer, messages, promises, lossy, signal, say }),
    conversations.settle(),
  ]);
  await programs?.settle();
  // Before the rooms are looked at, as a user who enters one causes events.
  const events = await programs?.observe();
  const rooms = [];
  for (const roomId of roomIds) rooms.push(await observer.room(roomId));
  const lives = await world.lives();
  const history: History = {
    ...{ promises, rooms, lives, faults, endedAt: performance.now() },
    conversations: await conversations.observe(),
    events,
    clients: participants.map(({ userId, username, roomIds, plain, stays, events, seen, sent, gaps }) => ({
      ...{ userId, username, roomIds, plain, stays },
      ...{ events: [...events], seen: [...seen], sent: [...sent], gaps: [...gaps] },
    })),
  };
  say(`checking ${participants.reduce((sum, { events }) => sum + events.length, 0)} events`);
  const index = indexHistory(history);
  return {
    ...{ options, schedule, faults, verdicts: check(history), log: world.log, about: world.about },
    figures: figuresOf(index),
    lateness: latenessOf(delay),
    timeline: timelineOf(index),
  };
}

/** Node counts nanoseconds, and includes the resolution in the delay. */
function latenessOf(delay: IntervalHistogram): Spread {
  const ms = (nanos: number): number => Math.max(0, nanos / 1e6 - 10);
  const { count, max } = delay;
  return { count, p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(max) };
}

async function untilAllEntered(participants: readonly Participant[], signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + ENTERED_MS;
  for (;;) {
    const outside = participants.filter(({ client }) => !client.whole);
    if (outside.length === 0) return;
    if (performance.now() > deadline) {
      const [example] = outside;
      const last = JSON.stringify(example?.events.slice(-3));
      throw new Error(`${outside.length} clients did not get in, ${example?.username} for one: ${last}`);
    }
    await sleep(50, undefined, { signal });
  }
}
