import type { Scenario } from '../scenario.js';

type Sizes = Pick<Scenario, 'mix' | 'rooms' | 'membersPerRoom' | 'connections'>;

/** Returns the number of members of each room; at most the number of connections. */
export function roomSizes({ mix, rooms, membersPerRoom, connections }: Sizes, oneRoom: boolean): number[] {
  if (mix === 'uniform') return new Array<number>(rooms).fill(Math.min(membersPerRoom, connections));
  if (oneRoom) return zipf(rooms, rooms * membersPerRoom, connections);
  return [connections, ...zipf(rooms - 1, (rooms - 1) * membersPerRoom, connections)];
}

/** Returns sizes that fall with their rank as 1, 1/2, 1/3, …, add up to `total`, and are between 1 and `most`. */
function zipf(count: number, total: number, most: number): number[] {
  let weights = 0;
  for (let rank = 1; rank <= count; rank++) weights += 1 / rank;
  const sizes = Array.from({ length: count }, (_, index) =>
    Math.min(most, Math.max(1, Math.floor(total / weights / (index + 1)))),
  );
  let rest = total - sizes.reduce((sum, size) => sum + size, 0);
  // Distributes the rounding error, one round over all rooms at a time.
  for (let changed = true; rest !== 0 && changed; ) {
    changed = false;
    for (let index = 0; index < count && rest !== 0; index++) {
      const size = sizes[index] ?? 0;
      const step = rest > 0 ? 1 : -1;
      if (size + step > most || size + step < 1) continue;
      sizes[index] = size + step;
      rest -= step;
      changed = true;
    }
  }
  return sizes;
}
