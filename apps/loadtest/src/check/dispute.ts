/** An order in which a member saw some of the messages, by their indexes in the list. */
export interface SeenOrder {
  readonly order: readonly number[];
  /** Number of members that saw it. */
  readonly weight: number;
}

/** Number of comparisons that one dispute may cost; larger ones are settled more coarsely. */
const MAX_WORK = 4_000_000;

/**
 * Splits messages about whose order members disagree into independent groups: two messages are in one group if one
 * member saw one first and another member the other, directly or through other messages of the group.
 */
export function independentGroups(orders: readonly SeenOrder[]): number[][] {
  const all = [...new Set(orders.flatMap(({ order }) => order))].sort((a, b) => a - b);
  if (orders.length < 2) return [];
  if (all.length ** 2 * orders.length > MAX_WORK) return [all];
  const slots = new Map(all.map((index, slot) => [index, slot]));
  /** For each pair of slots: 1 if a member saw the first one first, 2 if a member saw it last, 3 if both happened. */
  const pairs = new Uint8Array(all.length ** 2);
  for (const { order } of orders) {
    const seen = order.map((index) => slots.get(index) ?? 0);
    for (const [at, first] of seen.entries()) {
      for (let after = at + 1; after < seen.length; after++) {
        const second = seen[after] ?? 0;
        const [low, high, flag] = first < second ? [first, second, 1] : [second, first, 2];
        pairs[low * all.length + high] = (pairs[low * all.length + high] ?? 0) | flag;
      }
    }
  }
  const groupOf = all.map((_, slot) => slot);
  const find = (slot: number): number => {
    let root = slot;
    while (groupOf[root] !== root) root = groupOf[root] ?? root;
    groupOf[slot] = root;
    return root;
  };
  for (let low = 0; low < all.length; low++) {
    for (let high = low + 1; high < all.length; high++) {
      if (pairs[low * all.length + high] === 3) groupOf[find(high)] = find(low);
    }
  }
  const groups = new Map<number, number[]>();
  for (const [slot, index] of all.entries()) {
    const root = find(slot);
    const group = groups.get(root);
    if (group) group.push(index);
    else groups.set(root, [index]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/**
 * Returns the order of a group of messages in the room: of the orders that members saw, the one that the fewest
 * deliveries contradict; then the one with the fewest contradictions in itself; then that of the messages' numbers.
 * If no member saw all messages, the order of their numbers.
 */
export function prevailingOrder(
  group: readonly number[],
  orders: readonly SeenOrder[],
  numberOf: (index: number) => number,
  contradictions: (order: readonly number[]) => number,
): readonly number[] {
  const complete = orders.filter(({ order }) => order.length === group.length);
  if (complete.length === 0) return [...group].sort((a, b) => numberOf(a) - numberOf(b));
  const affordable = Math.max(1, Math.floor(MAX_WORK / (orders.length * group.length)));
  const candidates = complete
    .sort((a, b) => b.weight - a.weight)
    .slice(0, affordable)
    .map(({ order }) => ({
      order,
      moves: orders.reduce((sum, seen) => sum + seen.weight * movesBetween(seen.order, order), 0),
      contradictions: contradictions(order),
    }));
  candidates.sort((a, b) => {
    if (a.moves !== b.moves) return a.moves - b.moves;
    if (a.contradictions !== b.contradictions) return a.contradictions - b.contradictions;
    const at = a.order.findIndex((index, place) => index !== b.order[place]);
    return at === -1 ? 0 : numberOf(a.order[at] ?? 0) - numberOf(b.order[at] ?? 0);
  });
  return candidates[0]?.order ?? group;
}

/**
 * Returns the smallest number of messages that must move so that `order` agrees with `other`, which has all of them.
 */
export function movesBetween(order: readonly number[], other: readonly number[]): number {
  if (order === other) return 0;
  const ranks = new Map(other.map((index, rank) => [index, rank]));
  return movesToSort(order.map((index) => ranks.get(index) ?? 0));
}

/**
 * Returns the smallest number of elements that must move so that all are ascending: all but the longest ascending
 * subsequence, found by patience sorting. The numbers are distinct.
 */
function movesToSort(numbers: ArrayLike<number>): number {
  /** The lowest last number of the ascending subsequences of each length so far. */
  const lasts: number[] = [];
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] ?? 0;
    let [low, high] = [0, lasts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((lasts[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    lasts[low] = number;
  }
  return numbers.length - lasts.length;
}
