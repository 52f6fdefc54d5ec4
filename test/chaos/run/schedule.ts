import { createPrng, type Prng } from '@chorus/testing';
import { CLIENT_KINDS, type KindOfFault, SERVER_KINDS, STANDALONE_KINDS } from '../faults/fault-kinds.js';
import type { ClientFaultKind, FaultKind, ServerFaultKind } from '../history/history.js';

/** A planned fault. Its seed determines what it affects, so that a schedule can be repeated. */
export interface PlannedFault<Kind extends FaultKind = FaultKind> {
  readonly kind: Kind;
  /** After the first message, in milliseconds; later when the previous fault takes longer. */
  readonly atMs: number;
  /** Its duration, as far as that can be chosen, in milliseconds. */
  readonly forMs: number;
  readonly seed: number;
}

/** Two concurrent sequences, each with at most one fault at a time. */
export interface Schedule {
  readonly servers: ReadonlyArray<PlannedFault<ServerFaultKind>>;
  readonly clients: ReadonlyArray<PlannedFault<ClientFaultKind>>;
}

const QUIET_AT_FIRST_MS = 1_500;
const PAUSE_MS = [600, 2_500] as const;

/** Plans every kind once in random order, and again in another order while there is time. */
export function planFaults(seed: number, seconds: number, kinds: readonly FaultKind[]): Schedule {
  const prng = createPrng(seed);
  const lane = <Name extends FaultKind>(all: Record<Name, KindOfFault>): Array<PlannedFault<Name>> => {
    const wanted = (Object.keys(all) as Name[]).filter((kind) => kinds.includes(kind));
    return planLane(createPrng(prng.between(0, 2 ** 31)), seconds * 1_000, wanted, all);
  };
  return { servers: lane({ ...SERVER_KINDS, ...STANDALONE_KINDS }), clients: lane(CLIENT_KINDS) };
}

/** Returns the planned faults, one per line. */
export function scheduleLines({ servers, clients }: Schedule): string[] {
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  return [...servers, ...clients]
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ kind, atMs, forMs }) => `  at ${seconds(atMs)} s: ${kind}, ${seconds(forMs)} s`);
}

function planLane<Name extends FaultKind>(
  prng: Prng,
  endMs: number,
  wanted: readonly Name[],
  all: Record<Name, KindOfFault>,
): Array<PlannedFault<Name>> {
  const planned: Array<PlannedFault<Name>> = [];
  if (wanted.length === 0) return planned;
  let atMs = QUIET_AT_FIRST_MS;
  for (;;) {
    for (const kind of prng.shuffled(wanted)) {
      const { forMs: bounds, extraMs } = all[kind];
      const forMs = prng.between(...bounds);
      if (atMs + forMs + extraMs > endMs) return planned;
      planned.push({ kind, atMs, forMs, seed: prng.between(0, 2 ** 31) });
      atMs += forMs + extraMs + prng.between(...PAUSE_MS);
    }
  }
}
