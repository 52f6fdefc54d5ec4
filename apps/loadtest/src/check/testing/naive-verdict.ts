import type { Position } from '@chorus/protocol';

export interface Arrival {
  readonly number: number;
  readonly position: Position | undefined;
}

/** Everything that happened in a room. */
export interface RoomHistory {
  /** What each member received, in its order. */
  readonly members: ReadonlyArray<readonly Arrival[]>;
  readonly expected: readonly number[];
  readonly senderOf: (number: number) => number;
}

/** Expected result of `judgeRoom`, computed as plainly as possible: every member is compared with every other. */
export function naiveVerdict(room: RoomHistory) {
  let [duplicated, delivered, lost, outOfOrder, orderDisagreements] = [0, 0, 0, 0, 0];
  const mustArrive = new Set(room.expected);
  const members = room.members.map((all) => {
    const arrivals = all.filter(({ number }, at) => all.findIndex((other) => other.number === number) === at);
    duplicated += all.length - arrivals.length;
    return { arrivals, place: new Map(arrivals.map(({ number }, index) => [number, index])) };
  });
  const expected = new Set(mustArrive);
  for (const { arrivals } of members) for (const { number } of arrivals) expected.add(number);
  for (const { arrivals } of members) {
    delivered += arrivals.length;
    lost += expected.size - arrivals.length;
  }

  const positions = new Map<number, Position>();
  for (const number of expected) {
    const votes = new Map<string, { position: Position; count: number }>();
    for (const { arrivals, place } of members) {
      const position = arrivals[place.get(number) ?? -1]?.position;
      if (!position) continue;
      const key = `${position.epoch}-${position.seq}`;
      votes.set(key, { position, count: (votes.get(key)?.count ?? 0) + 1 });
    }
    const [best, second] = [...votes.values()].sort((a, b) => b.count - a.count);
    if (!best) continue;
    for (const { count } of votes.values()) orderDisagreements += count;
    orderDisagreements -= best.count;
    if (best.count !== second?.count) positions.set(number, best.position);
  }
  const contradicts = (earlier: number, later: number): boolean => {
    if (mustArrive.has(later) && room.senderOf(earlier) === room.senderOf(later) && earlier > later)
      return true;
    const [a, b] = [positions.get(earlier), positions.get(later)];
    return (
      a !== undefined && b !== undefined && (a.epoch > b.epoch || (a.epoch === b.epoch && a.seq >= b.seq))
    );
  };

  const numbers = [...expected].sort((a, b) => a - b);
  const group = new Map(numbers.map((number) => [number, number]));
  const disputed = (a: number, b: number): boolean => {
    const orders = members.map(({ place }) => Math.sign((place.get(a) ?? NaN) - (place.get(b) ?? NaN)));
    return orders.includes(1) && orders.includes(-1);
  };
  for (const a of numbers) {
    for (const b of numbers) {
      if (a >= b || group.get(a) === group.get(b) || !disputed(a, b)) continue;
      const [from, to] = [group.get(b), group.get(a)];
      for (const [number, name] of group) if (name === from) group.set(number, to ?? a);
    }
  }
  const settled = members.map(() => new Set<number>());
  for (const name of new Set(group.values())) {
    const inGroup = numbers.filter((number) => group.get(number) === name);
    const orders = members.map(({ arrivals }) =>
      arrivals.map(({ number }) => number).filter((number) => group.get(number) === name),
    );
    const complete = orders.filter((order) => order.length === inGroup.length);
    const candidates = (complete.length > 0 ? complete : [inGroup]).map((order) => ({
      order,
      total: orders.reduce((sum, other) => sum + moves(other, order), 0),
      contradictions: order.filter((later, index) =>
        order.slice(0, index).some((earlier) => contradicts(earlier, later)),
      ).length,
    }));
    candidates.sort(
      (a, b) => a.total - b.total || a.contradictions - b.contradictions || compare(a.order, b.order),
    );
    const best = candidates[0];
    if (!best) continue;
    orders.forEach((order, member) => {
      const count = moves(order, best.order);
      orderDisagreements += count;
      if (count === 0) for (const number of order) settled[member]?.add(number);
    });
  }
  members.forEach(({ arrivals }, member) => {
    arrivals.forEach(({ number: later }, index) => {
      if (!settled[member]?.has(later)) return;
      const earlier = arrivals.slice(0, index).find((arrival) => contradicts(arrival.number, later));
      if (!earlier) return;
      outOfOrder++;
    });
  });
  return {
    expected: delivered + lost,
    delivered,
    lost,
    duplicated,
    outOfOrder,
    orderDisagreements,
    strays: 0,
  };
}

/**
 * Returns the smallest number of moves for `order` to agree with `other`: all but the longest subsequence that
 * ascends there.
 */
function moves(order: readonly number[], other: readonly number[]): number {
  const ranks = order.map((number) => other.indexOf(number));
  const longest: number[] = [];
  for (const [index, rank] of ranks.entries()) {
    longest.push(
      1 + Math.max(0, ...longest.filter((_, before) => before < index && (ranks[before] ?? 0) < rank)),
    );
  }
  return ranks.length - Math.max(0, ...longest);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
