import { expect } from 'chai';
import type { ClientHistory, HistoryEvent } from '../history.js';
import { indexHistory } from '../index-history.js';
import { oneDeparture } from './one-departure.js';

const ROOM = 1;
const [SUBJECT, OBSERVER] = [1, 2];

describe('what is said of departures to a client that did not read', () => {
  const joined = (at: number): HistoryEvent[] => [
    { type: 'joining', at, roomId: ROOM, since: undefined },
    { type: 'joined', at, roomId: ROOM, since: undefined, position: { epoch: 1, seq: 0 }, recovered: false },
  ];
  const person = (userId: number, events: HistoryEvent[]): ClientHistory => ({
    ...{ userId, username: `user-${userId}`, roomIds: [ROOM], stays: true, plain: false },
    ...{ events, seen: [], sent: [], gaps: [] },
  });
  /** The subject is away from 10,000 to 12,000, longer than the grace, and from 20,000 to 20,100. */
  const subject = person(SUBJECT, [
    ...joined(0),
    { type: 'disconnected', at: 10_000, code: 1006 },
    ...joined(12_000),
    { type: 'disconnected', at: 20_000, code: 1012 },
    ...joined(20_100),
  ]);
  /** What is broken when the observer is told at 21,000, after it had not been reading since `stalledAt`. */
  const violations = (stalledAt: number): string[] => {
    const observer = person(OBSERVER, [
      ...joined(0),
      { type: 'stalled', at: stalledAt },
      { type: 'reading', at: 20_990 },
      { type: 'notice', kind: 'left', at: 21_000, roomId: ROOM, userId: SUBJECT },
    ]);
    const history = {
      promises: { historySize: 50, leaseMs: 2_000, graceMs: 1_500 },
      clients: [subject, observer],
      rooms: [{ roomId: ROOM, archive: [], pages: [], present: [SUBJECT, OBSERVER] }],
      lives: [],
      faults: [],
      endedAt: 30_000,
    };
    return [...oneDeparture.check(indexHistory(history))].map(({ what }) => what);
  };

  it('is about the departure that was announced meanwhile', () => {
    expect(violations(11_000)).to.deep.equal([]);
  });

  it('is wrong when the only one that was long enough had been announced before', () => {
    expect(violations(19_000)).to.deep.equal([
      'room 1: user-2 was told that user-1 left, who was back after 100 ms',
    ]);
  });

  it('is about the departure before when somebody was back for a moment only', () => {
    const restless = person(SUBJECT, [
      ...joined(0),
      { type: 'disconnected', at: 10_000, code: 1006 },
      ...joined(12_700),
      { type: 'disconnected', at: 12_780, code: 1006 },
      ...joined(20_000),
    ]);
    const told = (...times: number[]): string[] => {
      const notice = { type: 'notice', kind: 'left', roomId: ROOM, userId: SUBJECT } as const;
      const observer = person(OBSERVER, [...joined(0), ...times.map((at) => ({ ...notice, at }))]);
      const history = {
        promises: { historySize: 50, leaseMs: 2_000, graceMs: 1_500 },
        clients: [restless, observer],
        rooms: [{ roomId: ROOM, archive: [], pages: [], present: [SUBJECT, OBSERVER] }],
        lives: [],
        faults: [],
        endedAt: 30_000,
      };
      return [...oneDeparture.check(indexHistory(history))].map(({ what }) => what);
    };
    expect(told(12_500, 14_400)).to.deep.equal([]);
    expect(told(11_600, 12_500, 14_400)).to.deep.equal([
      'room 1: user-2 was told that user-1 left 2 times for one departure',
    ]);
  });
});
