import { Contradictions } from './contradictions.js';
import { independentGroups, movesBetween, prevailingOrder, type SeenOrder } from './dispute.js';
import { Examples } from './examples.js';
import { disputedStretches, MemberOrder } from './member-order.js';
import { NumberIndex } from './number-index.js';
import { settlePositions } from './positions.js';
import type { MemberView, RoomVerdict, RoomView } from './room-report.js';

/**
 * By view, for each index: whether its members saw the message, or those around it, in another order than most
 * members.
 */
type Displaced = Map<MemberView, Uint8Array>;

/**
 * Returns what became of a room's messages, given what all of its members saw. The verdict depends only on what each
 * member received, in which order and with which positions, not on which member received a message first.
 */
export function judgeRoom(seen: RoomView): RoomVerdict {
  const examples = new Examples();
  for (const example of seen.examples) examples.add(example);
  const positions = settlePositions(seen, examples);
  const view: RoomView = { ...seen, epochs: positions.epochs, seqs: positions.seqs };
  const mustArrive = new NumberIndex();
  for (const number of view.expected) mustArrive.set(number, 1);
  const mayBeLate = (index: number): boolean => mustArrive.get(view.order[index] ?? 0) === -1;

  const displaced: Displaced = new Map();
  const disagreements = settleOrder(view, mayBeLate, displaced, examples);
  return {
    ...countArrivals(view, examples),
    duplicated: view.duplicated,
    outOfOrder: countOutOfOrder(view, mayBeLate, displaced, examples),
    orderDisagreements: positions.disagreements + disagreements,
    strays: view.strays,
    examples: examples.list,
  };
}

function countArrivals(
  view: RoomView,
  examples: Examples,
): { expected: number; delivered: number; lost: number } {
  const { room, order, views } = view;
  const arrived = new NumberIndex();
  for (const number of order) arrived.set(number, 1);
  const unseen = view.expected.filter((number) => arrived.get(number) === -1);
  const members = views.reduce((sum, { members: alike }) => sum + alike, 0);
  const expected = (order.length + unseen.length) * members;
  const delivered = views.reduce((sum, member) => sum + member.members * MemberOrder.count(member), 0);
  if (members > 0) {
    for (const number of unseen.subarray(0, 3)) {
      examples.add({ kind: 'lost', text: `no member of room ${room} got message ${number}` });
    }
  }
  for (const { member, cursor, gaps } of views) {
    if (!examples.wants('lost')) break;
    const from = gaps.length > 0 ? gaps[0] : cursor;
    const number = order[from ?? 0];
    if (number === undefined) continue;
    examples.add({ kind: 'lost', text: `member ${member} of room ${room} never got message ${number}` });
  }
  return { expected, delivered, lost: expected - delivered };
}

/**
 * Settles the order of the room's messages and notes the members that contradict it.
 * @returns number of deliveries that contradict it
 */
function settleOrder(
  view: RoomView,
  mayBeLate: (index: number) => boolean,
  displaced: Displaced,
  examples: Examples,
): number {
  const { room, order, views } = view;
  const contradictions = (indexes: readonly number[]): number => {
    const check = new Contradictions(view, mayBeLate);
    return indexes.reduce((count, index) => count + Number(check.next(index) !== undefined), 0);
  };
  const readers = views.map((member) => ({ member, order: new MemberOrder(member) }));
  let disagreements = 0;
  for (const [from, to] of disputedStretches(views, order.length)) {
    const seen = readers.map(({ member, order: reader }) => ({
      members: [member],
      order: reader.read(from, to),
    }));
    const orders = distinct(seen);
    for (const group of independentGroups(orders)) {
      const inGroup = new Set(group);
      const restricted = distinct(
        orders.map(({ members, order: all }) => ({
          members,
          order: all.filter((index) => inGroup.has(index)),
        })),
      );
      const prevailing = prevailingOrder(group, restricted, (index) => order[index] ?? 0, contradictions);
      for (const { members, weight, order: own } of restricted) {
        const moves = movesBetween(own, prevailing);
        if (moves === 0) continue;
        disagreements += moves * weight;
        for (const member of members) note(displaced, member, own, order.length);
        if (!examples.wants('orderDisagreements')) continue;
        const numbers = own.slice(0, 8).map((index) => order[index]);
        const text = `member ${members[0]?.member} of room ${room} got ${numbers.join(', ')}${own.length > 8 ? ' …' : ''} in another order than others`;
        examples.add({ kind: 'orderDisagreements', text });
      }
    }
  }
  return disagreements;
}

function note(displaced: Displaced, member: MemberView, indexes: readonly number[], length: number): void {
  const flags = displaced.get(member) ?? new Uint8Array(length);
  displaced.set(member, flags);
  for (const index of indexes) flags[index] = 1;
}

interface DistinctOrder extends SeenOrder {
  readonly members: MemberView[];
}

/** Returns each order once, with all members that saw it. */
function distinct(seen: ReadonlyArray<Pick<DistinctOrder, 'members' | 'order'>>): DistinctOrder[] {
  const orders = new Map<string, { members: MemberView[]; order: readonly number[]; weight: number }>();
  for (const { members, order } of seen) {
    if (order.length === 0) continue;
    const key = order.join();
    const weight = members.reduce((sum, member) => sum + member.members, 0);
    const known = orders.get(key);
    if (known) {
      known.weight += weight;
      known.members.push(...members);
    } else orders.set(key, { members: [...members], order, weight });
  }
  return [...orders.values()];
}

function countOutOfOrder(
  view: RoomView,
  mayBeLate: (index: number) => boolean,
  displaced: Displaced,
  examples: Examples,
): number {
  const { room, order, views } = view;
  const list = new Contradictions(view, mayBeLate);
  const isClean = order.every((_, index) => list.next(index) === undefined);
  let count = 0;
  for (const member of views) {
    // If the list is in order, so is every part of it.
    if (isClean && member.late.length === 0) continue;
    const check = new Contradictions(view, mayBeLate);
    const elsewhere = displaced.get(member);
    for (const index of new MemberOrder(member).read(0, order.length)) {
      const why = check.next(index);
      if (why === undefined || elsewhere?.[index] === 1) continue;
      count += member.members;
      if (!examples.wants('outOfOrder')) continue;
      const text = `member ${member.member} of room ${room} got message ${order[index]} ${why}`;
      examples.add({ kind: 'outOfOrder', text });
    }
  }
  return count;
}
