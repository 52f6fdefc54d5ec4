import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Closeable, StartError } from '@chorus/service';
import type { FaultKind } from '../history/history.js';
import { RedisClock } from '../servers/redis-clock.js';
import { SmallDisk } from '../servers/small-disk.js';
import { KINDS_OF_FAULTS, type Need, needsOf } from './fault-kinds.js';

/** Attempts to create what not every machine has. */
const ATTEMPTS: Partial<Record<Need, () => Promise<Closeable>>> = {
  'redis-clock': () => RedisClock.start(),
  'small-disk': async () => SmallDisk.mount(await mkdtemp(join(tmpdir(), 'chorus-chaos-disk-'))),
};

/**
 * Returns the kinds of faults that are possible on this machine.
 * @param say called with the reason for each impossible kind
 */
export async function possibleKinds(
  kinds: readonly FaultKind[],
  say: (line: string) => void,
): Promise<FaultKind[]> {
  const missing = new Set<Need>();
  for (const need of needsOf(kinds)) {
    try {
      await (await ATTEMPTS[need]?.())?.close();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      say(error.message);
      missing.add(need);
    }
  }
  return kinds.filter((kind) => !KINDS_OF_FAULTS[kind].needs?.some((need) => missing.has(need)));
}
