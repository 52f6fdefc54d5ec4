import type { ClientFaultKind, FaultKind, ServerFaultKind } from './history.js';
import { createPrng, type Prng } from './prng.js';

/** A fault to come. Whom it hits follows from its seed, so that a schedule means the same every time. */
export interface PlannedFault<Kind extends FaultKind = FaultKind> {
  readonly kind: Kind;
  /** From the first message on, in milliseconds; later when the one before it takes longer. */
  readonly atMs: number;
  /** How long it lasts, as far as that can be chosen. */
  readonly forMs: number;
  readonly seed: number;
}

/** Two sequences that run beside each other: at most one fault of each goes on at a time. */
export interface Schedule {
  readonly servers: ReadonlyArray<PlannedFault<ServerFaultKind>>;
  readonly clients: ReadonlyArray<PlannedFault<ClientFaultKind>>;
}

interface Kind {
  /** Bounds of `forMs`. */
  readonly forMs: readonly [number, number];
  /** About how much longer it takes than that, until all is ready again. */
  readonly extraMs: number;
}

const SERVER_KINDS: Record<ServerFaultKind, Kind> = {
  'gateway-kill': { forMs: [300, 1_500], extraMs: 800 },
  'rolling-restart': { forMs: [0, 500], extraMs: 8_000 },
  rollout: { forMs: [0, 0], extraMs: 4_000 },
  'redis-restart': { forMs: [100, 1_500], extraMs: 300 },
  'redis-kill': { forMs: [100, 1_500], extraMs: 300 },
  'redis-freeze': { forMs: [1_000, 4_000], extraMs: 0 },
  'subscriber-cut': { forMs: [0, 0], extraMs: 200 },
  'postgres-restart': { forMs: [300, 2_000], extraMs: 800 },
  'archiver-kill': { forMs: [300, 1_500], extraMs: 800 },
};

const CLIENT_KINDS: Record<ClientFaultKind, Kind> = {
  'stalled-readers': { forMs: [2_000, 10_000], extraMs: 0 },
  'vanished-clients': { forMs: [0, 0], extraMs: 500 },
  'long-absences': { forMs: [7_500, 10_000], extraMs: 0 },
};

export const FAULT_KINDS = [
  ...Object.keys(SERVER_KINDS),
  ...Object.keys(CLIENT_KINDS),
] as readonly FaultKind[];

const QUIET_AT_FIRST_MS = 1_500;
const PAUSE_MS = [600, 2_500] as const;

/** Every kind once, in any order, and then again in another, for as long as there is time. */
export function planFaults(seed: number, seconds: number, kinds: readonly FaultKind[]): Schedule {
  const prng = createPrng(seed);
  const lane = <Name extends FaultKind>(all: Record<Name, Kind>): Array<PlannedFault<Name>> => {
    const wanted = (Object.keys(all) as Name[]).filter((kind) => kinds.includes(kind));
    return planLane(createPrng(prng.between(0, 2 ** 31)), seconds * 1_000, wanted, all);
  };
  return { servers: lane(SERVER_KINDS), clients: lane(CLIENT_KINDS) };
}

function planLane<Name extends FaultKind>(
  prng: Prng,
  endMs: number,
  wanted: readonly Name[],
  all: Record<Name, Kind>,
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
