import { MemberOrder } from './member-order.js';
import { RoomCheck } from './room-check.js';
import type { MemberView, RoomView } from './room-report.js';

/** Combines the views of several workers of one room, as if one worker had had all its members. */
export function combineViews(parts: readonly RoomView[]): RoomView {
  const [first] = parts;
  if (!first || parts.length === 1) return first ?? EMPTY;
  const senders = new Map<number, number>();
  for (const { order, senders: from } of parts) {
    for (const [index, number] of order.entries()) senders.set(number, from[index] ?? 0);
  }
  let before = 0;
  const members = parts.flatMap((part) => {
    const offset = before;
    before += part.views.reduce((sum, view) => sum + view.members, 0);
    return part.views.map((view) => ({ part, view, name: offset + view.member }));
  });
  const check = new RoomCheck(first.room, members.length, false, (number) => senders.get(number) ?? 0);
  // The list must be close to the order of every worker: otherwise all messages after one that a worker lacks would
  // count as late.
  for (const number of commonOrder(parts)) check.append(number, undefined);
  for (const [member, { part, view }] of members.entries()) replay(check, member, part, view);
  const all = check.view(members.map(({ view }) => view.members));
  return {
    ...all,
    views: all.views.map((view) => ({ ...view, member: members[view.member]?.name ?? view.member })),
    strays: parts.reduce((sum, part) => sum + part.strays, 0),
    duplicated: parts.reduce((sum, part) => sum + part.duplicated, 0),
    expected: Uint32Array.from(new Set(parts.flatMap((part) => [...part.expected]))),
    examples: parts.flatMap((part) => part.examples),
  };
}

/** Returns the first list, with the messages that it lacks inserted behind their predecessors in the other lists. */
function commonOrder(parts: readonly RoomView[]): number[] {
  const HEAD = -1;
  const after = new Map<number, number>();
  for (const { order } of parts) {
    let before = HEAD;
    for (const number of order) {
      if (!after.has(number)) {
        after.set(number, after.get(before) ?? HEAD);
        after.set(before, number);
      }
      before = number;
    }
  }
  const numbers: number[] = [];
  for (let at = after.get(HEAD) ?? HEAD; at !== HEAD; at = after.get(at) ?? HEAD) numbers.push(at);
  return numbers;
}

function replay(check: RoomCheck, member: number, part: RoomView, view: MemberView): void {
  const { order, epochs, seqs } = part;
  const moved = new Map<number, number>();
  for (let at = 0; at < view.moved.length; at += 3) moved.set(view.moved[at] ?? 0, at);
  const position = { epoch: 0, seq: 0 };
  for (const index of new MemberOrder(view).read(0, order.length)) {
    const at = moved.get(index);
    position.epoch = (at === undefined ? epochs[index] : view.moved[at + 1]) ?? -1;
    position.seq = (at === undefined ? seqs[index] : view.moved[at + 2]) ?? -1;
    check.arrived(member, order[index] ?? 0, position.seq < 0 ? undefined : position);
  }
}

const EMPTY: RoomView = {
  room: 0,
  strays: 0,
  duplicated: 0,
  expected: new Uint32Array(0),
  order: new Uint32Array(0),
  senders: new Uint32Array(0),
  epochs: new Float64Array(0),
  seqs: new Float64Array(0),
  views: [],
  examples: [],
};
