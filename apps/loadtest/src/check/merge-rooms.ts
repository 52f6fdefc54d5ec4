import type { Verdict } from '../result.js';
import { combineViews } from './combine-views.js';
import { Examples } from './examples.js';
import { judgeRoom } from './judge-room.js';
import { RoomCheck } from './room-check.js';
import type { Checking, RoomReport } from './room-checker.js';
import type { RoomVerdict, RoomView, WorkerReport } from './room-report.js';

/** Merges the reports of all workers into one verdict about all rooms. */
export function mergeRooms(reports: Iterable<RoomReport>): Verdict {
  const verdicts: RoomVerdict[] = [];
  const parts = new Map<number, RoomView[]>();
  for (const report of reports as Iterable<WorkerReport>) {
    if ('verdict' in report) {
      verdicts.push(report.verdict);
      continue;
    }
    const others = parts.get(report.room);
    if (others) others.push(report.view);
    else parts.set(report.room, [report.view]);
  }
  for (const views of parts.values()) verdicts.push(judgeRoom(combineViews(views)));

  const examples = new Examples();
  for (const verdict of verdicts) for (const example of verdict.examples) examples.add(example);
  const sum = (pick: (verdict: RoomVerdict) => number): number =>
    verdicts.reduce((total, verdict) => total + pick(verdict), 0);
  return {
    expected: sum((verdict) => verdict.expected),
    delivered: sum((verdict) => verdict.delivered),
    lost: sum((verdict) => verdict.lost),
    duplicated: sum((verdict) => verdict.duplicated),
    outOfOrder: sum((verdict) => verdict.outOfOrder),
    orderDisagreements: sum((verdict) => verdict.orderDisagreements),
    strays: sum((verdict) => verdict.strays),
    examples: examples.list.map(({ text }) => text),
  };
}

export const checking: Checking = {
  roomChecker: (room, members, whole, senderOf) => new RoomCheck(room, members, whole, senderOf),
  judge: mergeRooms,
};
