import type { MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { HistoryEvent, StoredMessage } from '../history/history.js';
import {
  type DraftClient,
  type DraftHistory,
  type DraftRoom,
  PROMISES,
  simulate,
} from '../testing/simulated-history.js';
import { check } from './checker.js';

const ROOM = 1;

describe('the history checker, when Redis itself lost something,', function () {
  this.timeout(180_000);

  let history: DraftHistory;
  /** The message that Redis lost. */
  let lost: MessageFrame;
  let without: DraftClient;
  beforeEach(() => {
    history = simulate({ clients: 12, rooms: 3, messages: 400 });
    const { archive } = room();
    lost = archive[Math.floor(archive.length / 2)] as MessageFrame;
    const receivers = history.clients.filter(({ events }) => events.some(isAbout(lost)));
    without = receivers.find(({ userId }) => userId !== lost.userId) as DraftClient;
    for (const list of [room().archive, room().pages]) {
      list.splice(
        list.findIndex(({ id }) => id === lost.id),
        1,
      );
    }
    // One member lacks it and was notified; the others have it.
    forget(without, lost);
    tell(without);
    history.faults.push({
      ...{ kind: 'redis-snapshot', what: 'redis', startedAt: lost.sentAt - 100, endedAt: lost.sentAt + 100 },
      loss: { since: lost.sentAt - 50, at: lost.sentAt + 40, until: lost.sentAt + 50 },
    });
  });

  const room = (): DraftRoom => history.rooms[ROOM - 1] as DraftRoom;
  const isAbout =
    ({ id }: { id: string }) =>
    (event: HistoryEvent): boolean =>
      (event.type === 'message' && event.message.id === id) ||
      (event.type === 'paged' && event.messages.some((message) => message.id === id));
  const forget = (client: DraftClient, { id }: StoredMessage): void => {
    client.events = client.events
      .filter((event) => event.type !== 'message' || event.message.id !== id)
      .map((event) =>
        event.type === 'paged'
          ? { ...event, messages: event.messages.filter((message) => message.id !== id) }
          : event,
      );
    client.seen = client.seen.filter((message) => message.id !== id);
  };
  const tell = (client: DraftClient): void => {
    const { epoch, seq } = lost;
    client.events.push({
      ...{ type: 'history-lost', at: history.endedAt, roomId: ROOM, recoverable: false },
      ...{ from: { epoch, seq: seq - 1 }, to: { epoch, seq } },
    });
  };
  const broken = (waitReplicas = 0): string[] =>
    check({ ...history, promises: { ...PROMISES, waitReplicas } })
      .filter(({ violations }) => violations > 0)
      .map(({ rule }) => rule);

  it('accepts a message that is lost and reported as lost', () => {
    expect(broken()).to.deep.equal([]);
  });

  it('accepts an application to which the loss was reported', () => {
    without.gaps.push(ROOM);
    expect(broken()).to.deep.equal([]);
  });

  it('accepts the loss of a message that no member saw, if it was reported to all', () => {
    for (const client of history.clients) {
      forget(client, lost);
      tell(client);
    }
    expect(broken()).to.deep.equal([]);
  });

  it('accepts a gap at an application that lacks nothing, if a message was sent again: its first position may be lost', () => {
    const sent = sender().events.find(
      (event) => event.type === 'publish' && event.clientMsgId === lost.clientMsgId,
    );
    if (sent === undefined) throw new Error('the message was not sent');
    sender().events.push(sent);
    history.clients.find(({ seen }) => seen.some(({ id }) => id === lost.id))?.gaps.push(ROOM);
    expect(broken()).to.deep.equal([]);
  });

  /** Stores the sender's message at the end of the room, as after a retry. */
  const storeAgain = (): MessageFrame => {
    const last = room().archive.at(-1) as StoredMessage;
    const again: MessageFrame = { ...lost, id: 'again', epoch: last.epoch, seq: last.seq + 1 };
    for (const list of [room().archive, room().pages]) list.push(again);
    for (const client of history.clients) {
      if (!client.stays || !client.roomIds.includes(ROOM)) continue;
      client.events.push({ type: 'message', at: history.endedAt, message: again });
      client.seen.push(again);
    }
    return again;
  };
  const sender = (): DraftClient =>
    history.clients.find(({ userId }) => userId === lost.userId) as DraftClient;
  /** Changes the client as if only the retry had been acknowledged. */
  const ackedAgain = (client: DraftClient, { epoch, seq }: MessageFrame): DraftClient => {
    const position = { epoch, seq };
    const isOurs = ({ clientMsgId }: { clientMsgId: string }): boolean => clientMsgId === lost.clientMsgId;
    return {
      ...client,
      events: client.events.map((event) =>
        event.type === 'ack' && isOurs(event) ? { ...event, at: history.endedAt, position } : event,
      ),
      sent: client.sent.map((sent) => (isOurs(sent) ? { ...sent, position } : sent)),
    };
  };

  it('accepts a message that was not acknowledged, and was stored after a retry', () => {
    const again = storeAgain();
    Object.assign(sender(), ackedAgain(sender(), again));
    expect(broken()).to.deep.equal([]);
    expect(broken(1)).to.deep.equal([]);
  });

  it('accepts a message that was acknowledged to a client and, after its loss, to its twin', () => {
    const twin = ackedAgain(sender(), storeAgain());
    const late = (event: HistoryEvent): HistoryEvent =>
      event.type === 'publish' && event.clientMsgId === lost.clientMsgId
        ? { ...event, at: history.endedAt }
        : event;
    history.clients.unshift({ ...twin, events: twin.events.map(late) });
    expect(broken()).to.deep.equal([]);
  });

  /** A member that reconnects at the end from the third last message of the room, and is not recovered. */
  const comeBack = (): void => {
    const [before, , last] = room().archive.slice(-3) as [StoredMessage, StoredMessage, StoredMessage];
    const since = { epoch: before.epoch, seq: before.seq };
    const position = { epoch: last.epoch, seq: last.seq };
    const at = history.endedAt;
    without.events.push({ type: 'joined', at, roomId: ROOM, since, position, recovered: false });
  };

  it('accepts a client that is not recovered over the loss, in one epoch or two', () => {
    const [fault] = history.faults as [DraftHistory['faults'][0]];
    const until = history.endedAt - 1;
    history.faults[0] = { ...fault, loss: { since: lost.sentAt - 50, at: until - 10, until } };
    comeBack();
    expect(broken()).to.not.include('recovered');
  });

  describe('finds', () => {
    it('a client that is not recovered although the loss is older than all its messages', () => {
      comeBack();
      expect(broken()).to.include('recovered');
    });

    it('a member that lacks it without a notice', () => {
      without.events.pop();
      expect(broken()).to.deep.equal(['told']);
    });

    it('a member whose notice covers another part of the history', () => {
      const event = without.events.pop() as Extract<HistoryEvent, { type: 'history-lost' }>;
      without.events.push({ ...event, to: event.from });
      expect(broken()).to.deep.equal(['told']);
    });

    it('a member that reconnected over it and was recovered', () => {
      without.events.pop();
      const at = without.events.findIndex((event) => event.type === 'joined' && event.roomId === ROOM);
      const joined = without.events[at] as Extract<HistoryEvent, { type: 'joined' }>;
      const since = { epoch: lost.epoch, seq: lost.seq - 1 };
      const position = { epoch: lost.epoch, seq: lost.seq + 1 };
      without.events.push({ type: 'disconnected', at: history.endedAt, code: 1006 });
      without.events.push({ ...joined, at: history.endedAt, since, position, recovered: true });
      expect(broken()).to.include('told');
    });

    it('an acknowledged message that no member has, and that was not reported to all', () => {
      for (const client of history.clients) {
        forget(client, lost);
        if (client !== without) tell(client);
      }
      without.events.pop();
      expect(broken()).to.deep.equal(['told']);
    });

    it('the loss of a message that was reported as stored', () => {
      const { epoch, seq } = lost;
      const position = { epoch, seq: seq + 1 };
      without.events.unshift({ type: 'stored', at: lost.sentAt, roomId: ROOM, position });
      expect(broken()).to.deep.equal(['stored']);
    });

    it('a member that lacks a message in the database, whatever was reported', () => {
      const { archive, pages } = room();
      for (const list of [archive, pages]) {
        const at = list.findIndex(({ epoch, seq }) => epoch === lost.epoch && seq === lost.seq + 1);
        list.splice(at, 0, lost);
      }
      expect(broken()).to.deep.equal(['delivered', 'application']);
    });

    it('a message that was lost although Redis had it all the time', () => {
      history.faults[0] = {
        ...(history.faults[0] as DraftHistory['faults'][0]),
        loss: { since: 1, at: 2, until: 2 },
      };
      expect(broken()).to.include('archive').and.include('delivered');
    });

    it('an acked message that Redis lost, if replicas must have had it', () => {
      expect(broken(1)).to.deep.equal(['acked-kept']);
    });

    it('a gap reported to an application that lacks nothing', () => {
      const other = history.clients.find(({ seen }) => seen.some(({ id }) => id === lost.id));
      other?.gaps.push(ROOM);
      expect(broken()).to.deep.equal(['application']);
    });
  });
});

describe('the history checker, when a gateway could not report its users,', () => {
  /** All users are connected to it. */
  const GATEWAY = 'gateway-1';

  const frozen = ({ forMs = 6_000, cutOff = GATEWAY } = {}): DraftHistory => {
    const history = simulate({ clients: 6, rooms: 1, messages: 1 });
    const startedAt = history.endedAt + 1_000;
    const endedAt = startedAt + forMs;
    history.endedAt = endedAt + 10_000;
    history.faults.push({
      ...{ kind: 'gateway-freeze', what: GATEWAY, startedAt, endedAt, cutOff: [cutOff] },
    });
    return history;
  };
  const left = (at: number, { userId }: DraftClient): HistoryEvent => ({
    ...{ type: 'notice', kind: 'left', at, roomId: 1, userId },
  });
  const broken = (history: DraftHistory): string[] =>
    check(history)
      .filter(({ violations }) => violations > 0)
      .map(({ rule }) => rule);
  const withNotices = (count: number, options: Parameters<typeof frozen>[0] = {}): string[] => {
    const history = frozen(options);
    const [observer, subject] = history.clients as [DraftClient, DraftClient];
    const at = (history.faults[0]?.startedAt ?? 0) + 4_000;
    for (let index = 0; index < count; index++) observer.events.push(left(at, subject));
    return broken(history);
  };
  /**
   * A user leaves for good soon afterwards; this is announced to all, and to some a departure was announced before.
   */
  const withDeparture = (before: number): string[] => {
    const history = frozen();
    const [{ startedAt, endedAt }] = history.faults as [DraftHistory['faults'][0]];
    const subject = history.clients.find(({ stays }) => stays) as DraftClient;
    for (const [index, observer] of history.clients.entries()) {
      if (observer === subject || !observer.stays) continue;
      const notices = Array.from({ length: index % 2 === 0 ? before : 0 }, () =>
        left(startedAt + 4_000, subject),
      );
      observer.events.push(...notices, left(endedAt + 4_600, subject));
    }
    subject.stays = false;
    subject.events.push({ type: 'disconnected', at: endedAt + 3_000, code: 1000 });
    history.rooms[0]?.present.splice(history.rooms[0].present.indexOf(subject.userId), 1);
    return broken(history);
  };

  it('accepts that others consider its users gone, once', () => {
    expect(withNotices(1)).to.deep.equal([]);
    expect(withNotices(2)).to.deep.equal(['one-departure']);
  });

  it('counts the next announcement of a departure as that', () => {
    expect(withDeparture(0)).to.deep.equal([]);
    expect(withDeparture(1)).to.deep.equal([]);
    expect(withDeparture(2)).to.deep.equal(['one-departure']);
  });

  it('does not if the user returned before the lease ended, or is another user', () => {
    expect(withNotices(1, { forMs: 800 })).to.deep.equal(['one-departure']);
    expect(withNotices(1, { cutOff: 'gateway-2' })).to.deep.equal(['one-departure']);
  });
});
