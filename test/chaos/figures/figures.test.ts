import { expect } from 'chai';
import type { Fault, History, HistoryEvent, LifeEvent } from '../history/history.js';
import { indexHistory } from '../history/index-history.js';
import { timelineSvg } from '../report/timeline-svg.js';
import { PROMISES, simulate } from '../testing/simulated-history.js';
import { figuresOf } from './figures.js';
import { spread } from './spread.js';
import { timelineOf } from './timeline.js';

const EPOCH = 1_000;
const ROOM = 1;

/** The history of one member, who receives another member's messages and loses its connection once. */
function story(events: HistoryEvent[], faults: Fault[] = []): History {
  const teller: HistoryEvent[] = [1, 2, 3].map((seq) => ({
    ...{
      type: 'publish',
      at: 1_000 * seq,
      roomId: ROOM,
      clientMsgId: `m${seq}`,
      content: `${seq}`,
      attempt: 1,
    },
  }));
  return {
    ...{ promises: PROMISES, rooms: [], lives: [], conversations: [], faults, endedAt: 100_000 },
    clients: [
      {
        userId: 1,
        username: 'teller',
        roomIds: [ROOM],
        stays: true,
        plain: false,
        events: teller,
        seen: [],
        sent: [],
        gaps: [],
      },
      {
        userId: 2,
        username: 'member',
        roomIds: [ROOM],
        stays: true,
        plain: false,
        events,
        seen: [],
        sent: [],
        gaps: [],
      },
    ],
  };
}

function message(seq: number, at: number): HistoryEvent {
  const sender = { userId: 1, username: 'teller', content: `${seq}`, clientMsgId: `m${seq}` };
  return {
    ...{ type: 'message', at },
    message: { type: 'message', roomId: ROOM, epoch: EPOCH, seq, id: `id${seq}`, sentAt: 0, ...sender },
  };
}

function joined(at: number, seq: number, since?: number): HistoryEvent[] {
  const from = since === undefined ? undefined : { epoch: EPOCH, seq: since };
  const position = { epoch: EPOCH, seq };
  const recovered = since !== undefined;
  return [
    { type: 'connected', at: at - 20, connectionId: 'c' },
    { type: 'joining', at: at - 10, roomId: ROOM, since: from },
    { type: 'joined', at, roomId: ROOM, since: from, position, recovered },
  ];
}

const RETURN: HistoryEvent[] = [
  ...joined(500, 0),
  message(1, 1_005),
  { type: 'disconnected', at: 1_500, code: 1006 },
  ...joined(4_000, 3, 1),
  message(2, 4_010),
  message(3, 4_030),
];

describe('the figures of a run', () => {
  it('include how long a client was offline, and how long until it had all missed messages', () => {
    const { offline, replay, resumes, latency } = figuresOf(indexHistory(story(RETURN)));
    expect(offline).to.include({ count: 1, max: 2_480 });
    expect(replay).to.include({ count: 1, max: 40 });
    expect(resumes).to.deep.equal({ recovered: 1, notRecovered: 0, missed: 2 });
    expect(latency).to.include({ count: 3, p50: 1_030, max: 2_010 });
  });

  it('include when every member of a room received a message again after an outage of Redis', () => {
    const fault = { kind: 'redis-kill', what: '', startedAt: 1_100, endedAt: 2_000 } as const;
    const stayed = [...joined(500, 0), message(1, 1_005), message(2, 2_300), message(3, 3_000)];
    expect(figuresOf(indexHistory(story(stayed, [fault]))).healing).to.include({ count: 1, max: 300 });
    const soon = { ...fault, startedAt: 2_100, endedAt: 2_200 };
    expect(figuresOf(indexHistory(story(stayed, [fault, soon]))).healing).to.include({ count: 1, max: 100 });
    // A member that had to reconnect does not count.
    expect(figuresOf(indexHistory(story(RETURN, [fault]))).healing.count).to.equal(0);
  });

  it('include the time from the naming of a new primary to the first ack, by room', () => {
    const ack = (at: number, roomId: number): HistoryEvent => ({
      ...{ type: 'ack', at, roomId, clientMsgId: `${at}`, position: { epoch: EPOCH, seq: 1 } },
    });
    const fault = { kind: 'redis-failover-kill', what: '', startedAt: 1_000, endedAt: 9_000 } as const;
    const named = { ...fault, primaryNamedAt: 2_000 };
    const events = [ack(1_900, 1), ack(2_700, 1), ack(2_300, 1), ack(2_900, 2), ack(9_100, 3)];
    expect(figuresOf(indexHistory(story(events, [named]))).failover).to.include({
      count: 2,
      p50: 300,
      max: 900,
    });
    expect(figuresOf(indexHistory(story(events, [fault]))).failover.count).to.equal(0);
  });

  it('count sent, acked, retried and received messages', () => {
    const history = simulate({ clients: 12, rooms: 3, messages: 400 });
    const { messages, delivered, reconnects } = figuresOf(indexHistory(history));
    const stored = history.rooms.flatMap(({ archive }) => archive).length;
    expect(messages).to.include({ sent: stored, acked: stored, refused: 0, unanswered: 0 });
    expect(messages.sentAgain).to.be.above(0);
    expect(delivered).to.be.above(stored);
    expect(reconnects).to.be.above(0);
  });

  it('count the changes of rooms by their result', () => {
    const events: LifeEvent[] = [
      { at: 1, type: 'create', name: 'a', outcome: 'done' },
      { at: 2, type: 'looked', name: 'a' },
      { at: 3, type: 'delete', outcome: 'unknown' },
      { at: 4, type: 'delete', outcome: 'unknown' },
    ];
    const lives = [{ roomId: 9, events, life: 1, exists: true, gateways: {}, messages: [] }];
    const { roomChanges } = figuresOf(indexHistory({ ...story(RETURN), lives }));
    expect(roomChanges).to.deep.equal({ 'create done': 1, 'delete unknown': 2 });
  });

  it('use the nearest rank for percentiles', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(spread(values)).to.deep.equal({ count: 200, p50: 100, p99: 198, max: 200 });
    expect(spread([])).to.deep.equal({ count: 0, p50: 0, p99: 0, max: 0 });
  });
});

describe('the timeline of a run', () => {
  it('has deliveries and connects at their times, with the faults', () => {
    const fault = { kind: 'redis-kill', what: 'a <b>', startedAt: 1_480, endedAt: 1_980 } as const;
    const timeline = timelineOf(indexHistory(story(RETURN, [fault])));
    const busy = timeline.moments.filter(({ deliveries, connects }) => deliveries + connects > 0);
    expect(busy.map(({ atMs, deliveries, connects }) => [atMs, deliveries, connects])).to.deep.equal([
      [0, 0, 1],
      [500, 1, 0],
      [3_500, 2, 1],
    ]);
    expect(timeline.faults[0]).to.include({ startedAt: 1_000, endedAt: 1_500 });
    const svg = timelineSvg(timeline);
    expect(svg).to.include('redis-kill: a &lt;b&gt;').and.not.include('NaN');
  });
});
