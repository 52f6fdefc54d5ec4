import { createPrng } from '@chorus/testing';
import { expect } from 'chai';
import { mergeRooms } from './merge-rooms.js';
import { RoomCheck } from './room-check.js';
import { type Arrival, naiveVerdict, type RoomHistory } from './testing/naive-verdict.js';

const CASES = 2_500;

function swap<T>(list: T[], a: number, b: number): void {
  [list[a], list[b]] = [list[b], list[a]] as [T, T];
}

/** A room with many faults: sometimes a few, sometimes everywhere. */
function history(below: (limit: number) => number): RoomHistory & { excluded: number[] } {
  const count = 1 + below(16);
  const senders = 1 + below(4);
  const numbers = Array.from({ length: count }, (_, index) => index * 3 + below(3));
  const server = [...numbers];
  for (let faults = below(3); faults > 0; faults--) swap(server, below(count), below(count));
  const numbered = below(2) === 0;
  const positions = new Map(
    server.map((number, index) => [number, { epoch: 1 + Math.floor(index / 10), seq: 1 + (index % 10) }]),
  );
  if (below(4) === 0) {
    const copied = positions.get(server[below(count)] ?? 0);
    if (copied) positions.set(server[below(count)] ?? 0, copied);
  }
  const wild = below(8) === 0;
  const members = Array.from({ length: 1 + below(6) }, () => {
    const arrivals: Arrival[] = server.map((number) => ({
      number,
      position: numbered ? positions.get(number) : undefined,
    }));
    for (let faults = below(wild ? 40 : 4); faults > 0; faults--) {
      const at = below(arrivals.length);
      const moved = arrivals[at];
      switch (below(6)) {
        case 0:
          arrivals.splice(at, 1 + below(3));
          break;
        case 1:
          if (moved) arrivals.splice(below(arrivals.length + 1), 0, moved);
          break;
        case 2:
          arrivals.splice(at, 1);
          if (moved) arrivals.splice(below(arrivals.length + 1), 0, moved);
          break;
        case 3:
          if (numbered && moved) arrivals[at] = { ...moved, position: { epoch: 1, seq: below(30) } };
          break;
        default:
          if (at + 1 < arrivals.length) swap(arrivals, at, at + 1);
      }
    }
    return arrivals;
  });
  return {
    members,
    expected: numbers.filter(() => below(10) > 0),
    senderOf: (number) => number % senders,
    excluded: members.flatMap((_, member) => (member > 0 && below(12) === 0 ? [member] : [])),
  };
}

/** Feeds the arrivals to `workers` checks: in order per member, otherwise in random order. */
function observed(room: ReturnType<typeof history>, workers: number, below: (limit: number) => number) {
  const homes = room.members.map(() => below(workers));
  const checks = Array.from({ length: workers }, (_, worker) => {
    const members = homes.filter((home) => home === worker).length;
    return new RoomCheck(0, members, workers === 1, room.senderOf);
  });
  const seats = room.members.map((arrivals, member) => ({
    check: checks[homes[member] ?? 0],
    seat: homes.slice(0, member).filter((home) => home === homes[member]).length,
    waiting: [...arrivals],
  }));
  for (const member of room.excluded) seats[member]?.check?.exclude(seats[member]?.seat ?? 0);
  for (const number of room.expected) checks[below(workers)]?.expect(number);
  const busy = seats.filter(({ waiting }) => waiting.length > 0);
  while (busy.length > 0) {
    const at = below(busy.length);
    const next = busy[at];
    for (let some = 1 + below(4); some > 0; some--) {
      const arrival = next?.waiting.shift();
      if (arrival)
        next?.check?.arrived(next.seat, arrival.number, arrival.position && { ...arrival.position });
    }
    if (next?.waiting.length === 0) busy.splice(at, 1);
  }
  const { examples, ...counts } = mergeRooms(checks.map((check) => structuredClone(check.report())));
  return counts;
}

describe('the verdict about a room', () => {
  for (const workers of [1, 3]) {
    it(`equals the comparison of every member with every other, in any order, with ${workers} workers`, () => {
      for (let seed = 0; seed < CASES; seed++) {
        const { below } = createPrng(seed);
        const room = history(below);
        const receivers = room.members.filter((_, member) => !room.excluded.includes(member));
        expect(observed(room, workers, below), `seed ${seed}`).to.deep.equal(
          naiveVerdict({ ...room, members: receivers }),
        );
      }
    }).timeout(60_000);
  }
});
