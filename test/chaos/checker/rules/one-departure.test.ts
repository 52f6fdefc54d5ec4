import { expect } from 'chai';
import type { ClientHistory, Fault, HistoryEvent } from '../../history/history.js';
import { indexHistory } from '../../history/index-history.js';
import { oneDeparture } from './one-departure.js';

const ROOM = 1;
const [SUBJECT, OBSERVER, OTHER] = [1, 2, 3];

const joined = (at: number): HistoryEvent[] => [
  { type: 'joining', at, roomId: ROOM, since: undefined },
  { type: 'joined', at, roomId: ROOM, since: undefined, position: { epoch: 1, seq: 0 }, recovered: false },
];
const person = (userId: number, events: HistoryEvent[]): ClientHistory => ({
  ...{ userId, username: `user-${userId}`, roomIds: [ROOM], stays: true, plain: false },
  ...{ events, seen: [], sent: [], gaps: [] },
});

describe('the rule about departures, for a client that did not read,', () => {
  /** The subject is disconnected from 10,000 to 12,000, longer than the grace period, and from 20,000 to 20,100. */
  const subject = person(SUBJECT, [
    ...joined(0),
    { type: 'disconnected', at: 10_000, code: 1006 },
    ...joined(12_000),
    { type: 'disconnected', at: 20_000, code: 1012 },
    ...joined(20_100),
  ]);
  /** Violations if the observer gets the notice at 21,000, after it had not been reading since `stalledAt`. */
  const violations = (stalledAt: number): string[] => {
    const observer = person(OBSERVER, [
      ...joined(0),
      { type: 'stalled', at: stalledAt },
      { type: 'reading', at: 20_990 },
      { type: 'notice', kind: 'left', at: 21_000, roomId: ROOM, userId: SUBJECT },
    ]);
    const history = {
      promises: { historySize: 50, leaseMs: 2_000, graceMs: 1_500, waitReplicas: 0 },
      clients: [subject, observer],
      rooms: [{ roomId: ROOM, archive: [], pages: [], present: [SUBJECT, OBSERVER] }],
      lives: [],
      conversations: [],
      faults: [],
      endedAt: 30_000,
    };
    return [...oneDeparture.check(indexHistory(history))].map(({ what }) => what);
  };

  it('relates a notice to the departure that was announced meanwhile', () => {
    expect(violations(11_000)).to.deep.equal([]);
  });

  it('finds a violation when the only absence that was long enough had been announced before', () => {
    expect(violations(19_000)).to.deep.equal([
      'room 1: user-2 was told that user-1 left, who was back after 100 ms',
    ]);
  });

  it('relates a notice to the earlier departure when a user returned only for a moment', () => {
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
        promises: { historySize: 50, leaseMs: 2_000, graceMs: 1_500, waitReplicas: 0 },
        clients: [restless, observer],
        rooms: [{ roomId: ROOM, archive: [], pages: [], present: [SUBJECT, OBSERVER] }],
        lives: [],
        conversations: [],
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

describe('the rule about departures, for one that Redis lost,', () => {
  const connected: HistoryEvent = { type: 'connected', at: 0, connectionId: 'gateway-1-x-1' };
  const cut = { kind: 'network-silence', what: 'a gateway' } as const;
  /** The subject leaves at 10,000; at 14,000 Redis returns to an earlier state. */
  const violations = (
    toldAt: readonly number[],
    { since = 10_500, back = [] as readonly HistoryEvent[], cuts = [] as readonly Fault[] } = {},
  ): string[] => {
    const loss = { since, at: 14_000, until: 14_100 };
    const faults: Fault[] = [
      { kind: 'redis-snapshot', what: 'redis', startedAt: since, endedAt: 14_500, loss },
      ...cuts,
    ];
    const subject = person(SUBJECT, [
      ...joined(0),
      { type: 'disconnected', at: 10_000, code: 1000 },
      ...back,
    ]);
    const notice = { type: 'notice', kind: 'left', roomId: ROOM, userId: SUBJECT } as const;
    const observer = person(OBSERVER, [connected, ...joined(0), ...toldAt.map((at) => ({ ...notice, at }))]);
    // Another user was connected to a gateway that did not get the second notice.
    const other = person(OTHER, [...joined(0), { ...notice, at: 11_600 }]);
    const history = {
      promises: { historySize: 50, leaseMs: 2_000, graceMs: 1_500, waitReplicas: 0 },
      clients: [subject, observer, other],
      rooms: [{ roomId: ROOM, archive: [], pages: [], present: [OBSERVER] }],
      ...{ lives: [], conversations: [], faults, endedAt: 30_000 },
    };
    return [...oneDeparture.check(indexHistory(history))].map(({ what }) => what);
  };

  it('accepts a second notice, once', () => {
    expect(violations([11_600])).to.deep.equal([]);
    expect(violations([11_600, 18_000])).to.deep.equal([]);
    expect(violations([18_000])).to.deep.equal([]);
    expect(violations([11_600, 18_000, 18_500])).to.deep.equal([
      'room 1: user-2 was told that user-1 left 2 times for one departure',
    ]);
  });

  it('finds a second notice before the loss, and one after the loss of later data', () => {
    expect(violations([11_600, 13_000])).to.deep.equal([
      'room 1: user-2 was told that user-1 left 2 times for one departure',
    ]);
    expect(violations([11_600, 18_000], { since: 12_000 })).to.deep.equal([
      'room 1: user-2 was told that user-1 left 2 times for one departure',
    ]);
  });

  it('accepts a late notice where it was held back', () => {
    const back = joined(16_000);
    const held = { ...cut, startedAt: 15_000, endedAt: 17_000, cutOff: ['gateway-1'] };
    expect(violations([11_600, 18_000], { back, cuts: [held] })).to.deep.equal([]);
    expect(violations([11_600, 20_000], { back, cuts: [held] })).to.have.length(1);
    expect(violations([11_600, 18_000], { back, cuts: [{ ...held, cutOff: ['gateway-2'] }] })).to.have.length(
      1,
    );
  });

  it('finds a second notice when the user is present again', () => {
    expect(violations([11_600, 18_000], { back: joined(16_000) })).to.deep.equal([
      'room 1: user-2 was told that user-1 left 2 times for one departure',
    ]);
  });
});
