import { isAfter, type MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { FaultKind, HistoryEvent, Loss } from '../history/history.js';
import { type DraftClient, type DraftHistory, simulate } from '../testing/simulated-history.js';
import { check } from './checker.js';

type Joined = Extract<HistoryEvent, { type: 'joined' }>;

/** A client that reconnected and was recovered, in a history of its own. */
interface Return {
  readonly history: DraftHistory;
  readonly client: DraftClient;
  readonly joined: Joined;
  /** The messages that it missed, and that were replayed. */
  readonly replayed: readonly MessageFrame[];
}

const SIZE = { clients: 8, rooms: 2, messages: 300 };
const SEEDS = [1, 2, 3, 4];

describe('the history checker, for every client that reconnected and was recovered,', function () {
  this.timeout(180_000);

  /** @param plain all clients speak the plain protocol */
  const returns = (plain = false): Return[] =>
    SEEDS.flatMap((seed) => {
      const { clients } = simulate({ ...SIZE, seed });
      return clients.flatMap(({ events }, index) =>
        events.flatMap((event, at): Return[] => {
          if (event.type !== 'joined' || !event.recovered) return [];
          const history = simulate({ ...SIZE, seed });
          for (const client of history.clients) client.plain = plain;
          const client = history.clients[index] as DraftClient;
          const joined = client.events[at] as Joined;
          return [{ history, client, joined, replayed: replayOf(client, joined) }];
        }),
      );
    });
  const replayOf = ({ events }: DraftClient, { roomId, since, position }: Joined): MessageFrame[] =>
    events.flatMap((event) => {
      if (event.type !== 'message' || event.message.roomId !== roomId) return [];
      const { message } = event;
      const isMissed = since !== undefined && position !== undefined && isAfter(message, since);
      return isMissed && !isAfter(message, position) ? [message] : [];
    });
  const broken = (history: DraftHistory): string[] =>
    check(history)
      .filter(({ violations }) => violations > 0)
      .map(({ rule }) => rule);
  const forget = (client: DraftClient, { id }: MessageFrame): void => {
    client.events = client.events
      .filter((event) => event.type !== 'message' || event.message.id !== id)
      .map((event) =>
        event.type === 'paged'
          ? { ...event, messages: event.messages.filter((message) => message.id !== id) }
          : event,
      );
    client.seen = client.seen.filter((message) => message.id !== id);
  };
  const lose = (history: DraftHistory, loss: Loss): void => {
    const [startedAt, endedAt] = [loss.since, loss.until + 500];
    history.faults.push({ kind: 'redis-snapshot', what: 'redis', startedAt, endedAt, loss });
  };
  /** Redis lost the message, which was not stored yet. */
  const loseMessage = (
    history: DraftHistory,
    { id, roomId, sentAt }: MessageFrame,
    before = Number.POSITIVE_INFINITY,
  ): void => {
    for (const { archive, pages } of history.rooms.filter((room) => room.roomId === roomId)) {
      for (const list of [archive, pages]) {
        list.splice(
          list.findIndex((message) => message.id === id),
          1,
        );
      }
    }
    const until = Math.min(sentAt + 50, before - 1);
    lose(history, { since: sentAt - 50, at: Math.min(sentAt + 20, until), until });
  };
  /** A client that left for good right after it may not have received the rest. */
  const hasMore = ({ events }: DraftClient, { roomId, id }: MessageFrame): boolean =>
    events.findLast((event) => event.type === 'message' && event.message.roomId === roomId) !==
    events.find((event) => event.type === 'message' && event.message.id === id);
  /** Returns in which a hole can be planted: the first missed message. */
  const holes = (plain = false): Array<Return & { hole: MessageFrame }> => {
    const found = returns(plain).flatMap((each) => {
      const [hole] = each.replayed;
      return hole !== undefined && hasMore(each.client, hole) ? [{ ...each, hole }] : [];
    });
    expect(found).to.have.length.above(30);
    return found;
  };
  const becomeUnrecovered = ({ client, joined }: Return): void => {
    client.events = client.events.map((event) =>
      event === joined ? { ...joined, recovered: false } : event,
    );
  };

  it('accepts it', () => {
    for (const seed of SEEDS) expect(broken(simulate({ ...SIZE, seed }))).to.deep.equal([]);
  });

  for (const plain of [false, true]) {
    describe(plain ? 'by the plain protocol,' : 'by chorus.v1,', () => {
      it('finds a hole that the database could have filled', () => {
        for (const { history, client, hole } of holes(plain)) {
          forget(client, hole);
          expect(broken(history)).to.include('delivered');
        }
      });

      it('finds a hole that the database could have filled, when Redis had lost it', () => {
        for (const { history, client, hole } of holes(plain)) {
          forget(client, hole);
          lose(history, { since: hole.sentAt - 50, at: hole.sentAt + 20, until: hole.sentAt + 50 });
          expect(broken(history)).to.include('delivered');
        }
      });

      it('finds a hole of what Redis lost for good', () => {
        for (const { history, client, hole } of holes(plain)) {
          loseMessage(history, hole);
          expect(broken(history)).to.deep.equal([]);
          forget(client, hole);
          expect(broken(history)).to.deep.equal(['told']);
        }
      });

      it('finds a hole of what Redis lost for good, behind the last replayed message', () => {
        const found = returns(plain).flatMap((each) => {
          const [before, hole] = each.replayed.slice(-2);
          const wasLostBefore = hole !== undefined && hole.sentAt < each.joined.at - 2;
          return wasLostBefore && hasMore(each.client, hole) ? [{ ...each, before, hole }] : [];
        });
        expect(found).to.have.length.above(20);
        for (const { history, client, joined, before, hole } of found) {
          const { epoch, seq } = before as MessageFrame;
          loseMessage(history, hole, joined.at);
          client.events = client.events.map((event) =>
            event === joined ? { ...joined, position: { epoch, seq } } : event,
          );
          forget(client, hole);
          expect(broken(history)).to.deep.equal(['told']);
        }
      });

      it('finds a hole of what Redis lost for good and no client ever saw', () => {
        for (const { history, client, hole } of holes(plain)) {
          loseMessage(history, hole);
          const { epoch, seq, roomId } = hole;
          const told: HistoryEvent = {
            ...{ type: 'history-lost', at: history.endedAt, roomId, recoverable: false },
            ...{ from: { epoch, seq: seq - 1 }, to: { epoch, seq } },
          };
          for (const each of history.clients) {
            forget(each, hole);
            if (each !== client) each.events.push(told);
          }
          expect(broken(history)).to.deep.equal(['told']);
        }
      });

      it('finds `recovered: false` instead, unless Redis lost something', () => {
        const faults: FaultKind[] = ['redis-kill', 'redis-refuses', 'gateway-kill', 'network-silence'];
        for (const each of returns(plain)) {
          becomeUnrecovered(each);
          for (const kind of faults) {
            each.history.faults.push({ kind, what: 'all', startedAt: 0, endedAt: each.history.endedAt });
          }
          expect(broken(each.history)).to.include('recovered');
        }
      });
    });
  }

  it('accepts `recovered: false` when the APIs, which find out losses, were killed meanwhile', () => {
    for (const each of returns()) {
      becomeUnrecovered(each);
      const at = each.joined.at - 1;
      each.history.faults.push({ kind: 'api-kill', what: 'all', startedAt: at, endedAt: at });
      expect(broken(each.history)).to.not.include('recovered');
    }
  });

  it('finds a hole in a room from which the client had been removed', () => {
    for (const { history, client, joined, hole } of holes()) {
      const { at, roomId } = joined;
      forget(client, hole);
      const index = client.events.indexOf(joined);
      client.events.splice(index - 1, 0, { type: 'out-of-room', at, roomId, reason: 'room_not_found' });
      expect(broken(history)).to.include('delivered');
    }
  });

  describe('finds `recovered: false` instead when Redis', () => {
    const finds = (lossOf: (each: Return) => Loss): void => {
      for (const each of returns()) {
        becomeUnrecovered(each);
        lose(each.history, lossOf(each));
        expect(broken(each.history)).to.include('recovered');
      }
    };
    const sinceOf = ({ history, joined: { roomId, since } }: Return): number =>
      history.rooms
        .flatMap(({ archive }) => archive)
        .filter((message) => message.roomId === roomId)
        .map((message) => message as MessageFrame)
        .find(({ epoch, seq }) => epoch === since?.epoch && seq === since.seq)?.sentAt ?? 0;

    it('lost something before the last message that the client has', () => {
      finds((each) => ({ since: 0, at: sinceOf(each) - 20, until: sinceOf(each) - 10 }));
    });

    it('lost something only afterwards', () => {
      finds(({ joined: { at } }) => ({ since: at + 10, at: at + 20, until: at + 30 }));
    });

    it('lost afterwards what it had acknowledged meanwhile', () => {
      finds((each) => ({ since: sinceOf(each) - 10, at: each.joined.at + 20, until: each.joined.at + 30 }));
    });
  });

  it('finds `recovered: false` in a room without messages, unless Redis lost something since', () => {
    const position = { epoch: 9_000, seq: 0 };
    for (const [until, rules] of [
      [1_000, ['recovered']],
      [30_500, []],
    ] as const) {
      const history = simulate({ clients: 3, rooms: 1, messages: 1 });
      const client = history.clients.find(({ stays }) => stays) as DraftClient;
      const [roomId = 0] = client.roomIds;
      for (const [at, since] of [
        [20_000, undefined],
        [31_000, position],
      ] as const) {
        client.events.push({ type: 'joining', at, roomId, since });
        client.events.push({ type: 'joined', at, roomId, since, position, recovered: false });
      }
      lose(history, { since: 0, at: until - 500, until });
      expect(broken(history)).to.deep.equal(rules);
    }
  });
});
