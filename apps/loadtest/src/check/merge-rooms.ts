import type { Verdict } from '../result.js';
import { judgeRoom } from './judge-room.js';
import { RoomCheck } from './room-check.js';
import type { Checking, RoomReport } from './room-checker.js';
import type { WorkerReport } from './room-report.js';

const MAX_EXAMPLES = 10;

/** Everything about all rooms: the reports of all workers, those about one room in any places. */
export function mergeRooms(reports: Iterable<RoomReport>): Verdict {
  const rooms = new Map<number, WorkerReport[]>();
  for (const report of reports as Iterable<WorkerReport>) {
    const others = rooms.get(report.room);
    if (others) others.push(report);
    else rooms.set(report.room, [report]);
  }
  const sum = {
    expected: 0,
    delivered: 0,
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    orderDisagreements: 0,
    strays: 0,
  };
  const examples: string[] = [];
  for (const parts of rooms.values()) {
    const verdict = judgeRoom(parts);
    sum.expected += verdict.expected;
    sum.delivered += verdict.delivered;
    sum.lost += verdict.lost;
    sum.duplicated += verdict.duplicated;
    sum.outOfOrder += verdict.outOfOrder;
    sum.orderDisagreements += verdict.orderDisagreements;
    sum.strays += verdict.strays;
    examples.push(...verdict.examples.slice(0, MAX_EXAMPLES - examples.length));
  }
  return { ...sum, examples };
}

export const checking: Checking = {
  roomChecker: (room, members, _whole, senderOf) => new RoomCheck(room, members, senderOf),
  judge: mergeRooms,
};
