import type { MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { HistoryEvent, StoredMessage } from '../history/history.js';
import { type DraftClient, type DraftHistory, type DraftRoom, simulate } from '../history/test-history.js';
import { check, RULES } from './checker.js';

type EventOf<Type extends HistoryEvent['type']> = Extract<HistoryEvent, { type: Type }>;

describe('the history checker', function () {
  this.timeout(180_000);

  let history: DraftHistory;
  beforeEach(() => {
    history = simulate({ clients: 12, rooms: 3, messages: 400 });
  });

  const broken = (): string[] =>
    check(history)
      .filter(({ violations }) => violations > 0)
      .map(({ rule }) => rule);
  const indexOf = <Type extends HistoryEvent['type']>(
    { events }: DraftClient,
    type: Type,
    fits: (event: EventOf<Type>) => boolean = () => true,
  ): number => {
    const index = events.findIndex((event) => event.type === type && fits(event as EventOf<Type>));
    if (index < 0) throw new Error(`the history has no such ${type}`);
    return index;
  };
  const eventAt = <Type extends HistoryEvent['type']>(client: DraftClient, index: number): EventOf<Type> =>
    client.events[index] as EventOf<Type>;
  const [first, second] = [0, 1];
  const client = (index: number): DraftClient => history.clients[index] as DraftClient;
  const leaver = (): DraftClient => history.clients.at(-1) as DraftClient;
  /** Somebody who was away from a room and recovered what was said there meanwhile. */
  const returned = (): DraftClient => {
    const found = history.clients.find(({ events }) =>
      events.some((event, at) => {
        const next = events[at + 1];
        return event.type === 'joined' && event.recovered && next?.type === 'message';
      }),
    );
    if (found === undefined) throw new Error('nobody came back');
    return found;
  };
  const room = (roomId: number): DraftRoom => history.rooms[roomId - 1] as DraftRoom;
  /** A message of somebody else that the client received, in the middle of its history. */
  const receivedAt = (member: DraftClient): number => {
    const all = member.events.flatMap((event, index) =>
      event.type === 'message' && event.message.userId !== member.userId ? [index] : [],
    );
    return all[Math.floor(all.length / 2)] as number;
  };
  const forge = (member: DraftClient, index: number, change: Partial<MessageFrame>): void => {
    const event = eventAt<'message'>(member, index);
    member.events[index] = { ...event, message: { ...event.message, ...change } };
  };
  /** Removes a message from everybody's sight and from the database. */
  const erase = ({ id }: StoredMessage): void => {
    for (const member of history.clients) {
      member.events = member.events
        .filter((event) => event.type !== 'message' || event.message.id !== id)
        .map((event) =>
          event.type === 'paged'
            ? { ...event, messages: event.messages.filter((message) => message.id !== id) }
            : event,
        );
      member.seen = member.seen.filter((message) => message.id !== id);
    }
    for (const { archive, pages } of history.rooms) {
      for (const list of [archive, pages]) {
        const at = list.findIndex((message) => message.id === id);
        if (at >= 0) list.splice(at, 1);
      }
    }
  };

  it('has nothing against a big history without a violation', () => {
    history = simulate({ clients: 200, rooms: 20, messages: 20_000, seed: 7 });
    const verdicts = check(history);
    expect(verdicts.filter(({ violations }) => violations > 0)).to.deep.equal([]);
    expect(verdicts.map(({ rule }) => rule)).to.deep.equal(RULES.map(({ name }) => name));
    const events = history.clients.flatMap(({ events }) => events);
    const joins = events.filter((event) => event.type === 'joined');
    // It is not empty: there is something to check for every rule.
    expect(joins.filter(({ recovered }) => recovered).length).to.be.above(500);
    expect(joins.filter(({ recovered, since }) => !recovered && since !== undefined).length).to.be.above(100);
    expect(events.filter(({ type }) => type === 'message').length).to.be.above(100_000);
    expect(events.filter((event) => event.type === 'publish' && event.attempt > 1).length).to.be.above(500);
    expect(events.filter((event) => event.type === 'notice').length).to.be.above(1_000);
  });

  it('has nothing against a message without an answer that everybody has, or nobody', () => {
    const forget = (index: number): MessageFrame | undefined => {
      const { clientMsgId } = eventAt<'publish'>(leaver(), index);
      const message = history.rooms
        .flatMap(({ archive }) => archive)
        .find((message) => message.userId === leaver().userId && message.clientMsgId === clientMsgId);
      leaver().events = leaver().events.filter(
        (event) => event.type !== 'ack' || event.clientMsgId !== clientMsgId,
      );
      leaver().sent = leaver().sent.filter((sent) => sent.clientMsgId !== clientMsgId);
      return message as MessageFrame | undefined;
    };
    forget(indexOf(leaver(), 'publish'));
    const gone = forget(leaver().events.findLastIndex(({ type }) => type === 'publish'));
    if (gone === undefined) throw new Error('the last message is not there');
    erase(gone);
    expect(broken()).to.deep.equal([]);
  });

  it('knows that who does not read learns late that it was cut off', () => {
    history = simulate({ clients: 12, rooms: 3, messages: 3_000 });
    const away = (event: HistoryEvent, next: HistoryEvent | undefined): boolean =>
      event.type === 'disconnected' && next !== undefined && next.at - event.at > 3_000;
    const member = history.clients.find(({ events }) =>
      events.some((each, at) => away(each, events[at + 1])),
    );
    if (member === undefined) throw new Error('nobody was away for long');
    const index = member.events.findIndex((event, at) => away(event, member.events[at + 1]));
    const [cut, back] = [member.events[index]?.at ?? 0, member.events[index + 1]?.at ?? 0];
    member.events.splice(
      index,
      1,
      { type: 'stalled', at: cut },
      { type: 'reading', at: back - 20 },
      { type: 'disconnected', at: back - 10, code: 1006 },
    );
    expect(broken()).to.deep.equal([]);
  });

  describe('finds', () => {
    it('an acked message that one member never got', () => {
      client(first).events.splice(receivedAt(client(first)), 1);
      expect(broken()).to.deep.equal(['delivered']);
    });

    it('an acked message that nobody got and the database does not hold', () => {
      erase(eventAt<'message'>(client(first), receivedAt(client(first))).message);
      expect(broken()).to.deep.equal(['delivered', 'application']);
    });

    it('a message that was missed while away and not replayed', () => {
      const member = returned();
      const back = indexOf(member, 'joined', ({ recovered }) => recovered);
      const { roomId } = eventAt<'joined'>(member, back);
      const replayed = member.events.findIndex(
        (event, index) => index > back && event.type === 'message' && event.message.roomId === roomId,
      );
      expect(eventAt<'message'>(member, replayed).at - eventAt<'joined'>(member, back).at).to.be.below(5);
      member.events.splice(replayed, 1);
      expect(broken()).to.deep.equal(['delivered']);
    });

    it('a message that the API did not page to somebody who was not recovered', () => {
      history = simulate({ clients: 12, rooms: 2, messages: 3_000 });
      const member = history.clients.find(({ events }) => events.some(({ type }) => type === 'paged'));
      if (member === undefined) throw new Error('nobody had to ask the API');
      const at = indexOf(member, 'paged');
      const event = eventAt<'paged'>(member, at);
      member.events[at] = { ...event, messages: event.messages.slice(1) };
      expect(broken()).to.deep.equal(['delivered']);
    });

    it('a message that an application was not told of', () => {
      const { seen } = client(first);
      seen.splice(Math.floor(seen.length / 2), 1);
      expect(broken()).to.deep.equal(['application']);
    });

    it('a message that an application was told of twice', () => {
      const { seen } = client(first);
      seen.push(seen[0] as MessageFrame);
      expect(broken()).to.deep.equal(['application']);
    });

    it('two messages that an application was told of the other way round', () => {
      const { seen } = client(first);
      const at = seen.findIndex((message, index) => message.roomId === seen[index + 1]?.roomId);
      seen.splice(at, 2, seen[at + 1] as MessageFrame, seen[at] as MessageFrame);
      expect(broken()).to.deep.equal(['application']);
    });

    it('a message that an application was told of and that nobody sent', () => {
      const { seen } = client(first);
      seen[0] = { ...(seen[0] as MessageFrame), content: 'something else' };
      expect(broken()).to.include('nothing-invented');
    });

    it('an application that was told of a hole', () => {
      client(first).gaps.push(client(first).roomIds[0] as number);
      expect(broken()).to.deep.equal(['application']);
    });

    it('an application that was told a wrong place for a message of its own', () => {
      const [sent] = client(first).sent;
      if (sent === undefined) throw new Error('it said nothing');
      client(first).sent[0] = { ...sent, position: { epoch: 1, seq: 1 } };
      expect(broken()).to.deep.equal(['application']);
    });

    it('a message without an answer that only some got', () => {
      const member = client(first);
      const at = receivedAt(member);
      const { message } = eventAt<'message'>(member, at);
      const sender = history.clients.find(({ userId }) => userId === message.userId);
      if (sender === undefined) throw new Error('it has no sender');
      sender.stays = false;
      room(message.roomId).present.splice(0);
      sender.events = sender.events.filter(
        (event) => event.type !== 'ack' || event.clientMsgId !== message.clientMsgId,
      );
      member.events.splice(at, 1);
      expect(broken()).to.include('consistent').and.not.include('delivered');
    });

    it('a message that came twice', () => {
      const at = receivedAt(client(first));
      client(first).events.splice(at + 1, 0, eventAt<'message'>(client(first), at));
      expect(broken()).to.deep.equal(['once']);
    });

    it('a message that came again much later', () => {
      const { events } = client(first);
      events.push(eventAt<'message'>(client(first), receivedAt(client(first))));
      expect(broken()).to.include('once');
    });

    it('two messages that one member got the other way round', () => {
      const { events } = client(first);
      const at = events.findIndex((event, index) => {
        const next = events[index + 1];
        return (
          event.type === 'message' && next?.type === 'message' && event.message.roomId === next.message.roomId
        );
      });
      events.splice(at, 2, eventAt(client(first), at + 1), eventAt(client(first), at));
      expect(broken()).to.deep.equal(['one-order']);
    });

    it('two members that have the same messages at other positions', () => {
      const member = client(first);
      const at = receivedAt(member);
      const { message } = eventAt<'message'>(member, at);
      const next = indexOf(
        member,
        'message',
        ({ message: other }) => other.roomId === message.roomId && other.seq === message.seq + 1,
      );
      const { message: other } = eventAt<'message'>(member, next);
      const [{ seq }, { seq: otherSeq }] = [message, other];
      forge(member, at, { ...other, seq });
      forge(member, next, { ...message, seq: otherSeq });
      expect(broken()).to.include('one-order');
    });

    it('a message that one member has at a position of its own', () => {
      const member = client(first);
      const at = member.events.findLastIndex(({ type }) => type === 'message');
      forge(member, at, { seq: eventAt<'message'>(member, at).message.seq + 1_000 });
      expect(broken()).to.include('one-order');
    });

    it('a position that is another message for one member', () => {
      forge(client(first), receivedAt(client(first)), { id: 'another' });
      expect(broken()).to.include('one-order');
    });

    it('a message at a position that others know another one at', () => {
      const { archive, pages } = room(1);
      const copy = { ...(archive[10] as StoredMessage), seq: (archive[11] as StoredMessage).seq };
      archive[10] = copy;
      pages[10] = copy;
      expect(broken()).to.include('one-order');
    });

    it('a message that nobody sent', () => {
      forge(client(first), receivedAt(client(first)), { clientMsgId: 'invented', id: 'invented' });
      expect(broken()).to.include('nothing-invented');
    });

    it('a message whose content was changed on the way to one member', () => {
      forge(client(first), receivedAt(client(first)), { content: 'something else' });
      expect(broken()).to.include('nothing-invented');
    });

    it('a message that came under the name of somebody else', () => {
      forge(client(first), receivedAt(client(first)), { username: 'somebody else' });
      expect(broken()).to.include('nothing-invented');
    });

    it('a message that exists although its sender was told that it does not', () => {
      const sender = client(first);
      const at = indexOf(sender, 'ack');
      const { clientMsgId, roomId } = eventAt<'ack'>(sender, at);
      sender.events[at] = {
        ...{ type: 'refused', at: 0, roomId, clientMsgId, code: 'bad_content', retry: false },
      };
      expect(broken()).to.deep.equal(['nothing-invented']);
    });

    it('an ack with a position at which the message is not', () => {
      const at = indexOf(client(first), 'ack');
      const ack = eventAt<'ack'>(client(first), at);
      client(first).events[at] = { ...ack, position: { ...ack.position, seq: ack.position.seq + 1 } };
      expect(broken()).to.deep.equal(['true-acks']);
    });

    it('two acks of one message that differ', () => {
      const sender = client(first);
      const at = indexOf(sender, 'ack');
      const ack = eventAt<'ack'>(sender, at);
      sender.events.push({ ...ack, position: { epoch: ack.position.epoch + 1, seq: 1 } });
      expect(broken()).to.deep.equal(['true-acks']);
    });

    it('a message that was sent again and became two', () => {
      const { archive, pages } = room(1);
      const last = archive.at(-1) as MessageFrame;
      const twin: MessageFrame = { ...last, type: 'message', id: 'twin', seq: last.seq + 1 };
      archive.push(twin);
      pages.push(twin);
      for (const member of history.clients) {
        if (!member.stays || !member.roomIds.includes(1)) continue;
        member.events.push({ type: 'message', at: history.endedAt, message: twin });
      }
      expect(broken()).to.include('idempotent');
    });

    it('a message that the database lacks', () => {
      room(1).archive.splice(5, 1);
      expect(broken()).to.deep.equal(['archive']);
    });

    it('the last message of a room that the database lacks', () => {
      room(1).archive.pop();
      expect(broken()).to.deep.equal(['archive']);
    });

    it('a message that the history of the API leaves out', () => {
      room(1).pages.splice(5, 1);
      expect(broken()).to.deep.equal(['archive']);
    });

    it('a message that the database holds twice', () => {
      const { archive } = room(1);
      archive.splice(5, 0, archive[5] as StoredMessage);
      expect(broken()).to.deep.equal(['archive']);
    });

    it('messages that the history of the API shows in another order', () => {
      const { pages } = room(1);
      pages.splice(5, 2, pages[6] as StoredMessage, pages[5] as StoredMessage);
      expect(broken()).to.deep.equal(['archive']);
    });

    it('a message that the database holds with another content', () => {
      const { archive } = room(1);
      archive[5] = { ...(archive[5] as StoredMessage), content: 'something else' };
      expect(broken()).to.include('archive');
    });

    it('a message in the database that nobody sent', () => {
      const last = room(1).archive.at(-1) as StoredMessage;
      room(1).archive.push({ ...last, id: 'invented', clientMsgId: 'invented', seq: last.seq + 1 });
      expect(broken()).to.include('nothing-invented');
    });

    it('a message that was never answered although its sender stayed', () => {
      const sender = client(first);
      const at = indexOf(sender, 'ack');
      const { clientMsgId } = eventAt<'ack'>(sender, at);
      sender.sent = sender.sent.filter((sent) => sent.clientMsgId !== clientMsgId);
      expect(broken()).to.deep.equal(['answered']);
    });

    it('a client that never came back', () => {
      client(first).events.push({ type: 'disconnected', at: history.endedAt, code: 1006 });
      for (const { present } of history.rooms) {
        const at = present.indexOf(client(first).userId);
        if (at >= 0) present.splice(at, 1);
      }
      expect(broken()).to.deep.equal(['came-back']);
    });

    it('a client that is back in only some of its rooms', () => {
      const member = client(second);
      const [roomId = 0] = member.roomIds;
      member.events.push({ type: 'out-of-room', at: history.endedAt, roomId, reason: 'banned' });
      room(roomId).present.splice(room(roomId).present.indexOf(member.userId), 1);
      expect(broken()).to.deep.equal(['came-back']);
    });

    it('somebody who was not recovered although the history reached back', () => {
      const member = returned();
      const at = indexOf(member, 'joined', ({ recovered }) => recovered);
      const joined = eventAt<'joined'>(member, at);
      member.events[at] = { ...joined, recovered: false };
      // And yet what had been missed followed.
      expect(broken()).to.deep.equal(['one-order', 'recovered']);
    });

    it('a ghost', () => {
      room(leaver().roomIds[0] ?? 0).present.push(leaver().userId);
      expect(broken()).to.deep.equal(['presence']);
    });

    it('a member that is not listed', () => {
      room(1).present.pop();
      expect(broken()).to.deep.equal(['presence']);
    });

    it('a departure that was announced twice', () => {
      const observer = client(first);
      const at = indexOf(observer, 'notice');
      observer.events.splice(at, 0, eventAt<'notice'>(observer, at));
      expect(broken()).to.deep.equal(['one-departure']);
    });

    it('a departure of somebody who was there all the time', () => {
      const observer = client(first);
      const roomId = observer.roomIds[0] ?? 0;
      const subject = history.clients.find(
        ({ userId, roomIds }) => userId !== observer.userId && roomIds.includes(roomId),
      );
      if (subject === undefined) throw new Error('the observer is alone');
      observer.events.unshift({ type: 'notice', kind: 'left', at: 0, roomId, userId: subject.userId });
      expect(broken()).to.deep.equal(['one-departure']);
    });

    it('a departure of somebody who was back within the grace', () => {
      const roomId = 1;
      const inRoom = history.clients.filter(({ roomIds }) => roomIds.includes(roomId));
      const short = inRoom.flatMap((subject) =>
        subject.events.flatMap((event, index) => {
          const next = subject.events[index + 1];
          const brief = event.type === 'disconnected' && next !== undefined && next.at - event.at < 800;
          return brief ? [{ subject, at: event.at }] : [];
        }),
      )[0];
      if (short === undefined) throw new Error('nobody was away for a moment only');
      const observer = inRoom.find(({ userId }) => userId !== short.subject.userId) as DraftClient;
      const { userId } = short.subject;
      observer.events.push({ type: 'notice', kind: 'left', at: short.at + 100, roomId, userId });
      expect(broken()).to.deep.equal(['one-departure']);
    });

    it('a departure that nobody was told of', () => {
      for (const member of history.clients) {
        member.events = member.events.filter(
          (event) => event.type !== 'notice' || event.userId !== leaver().userId,
        );
      }
      expect(broken()).to.deep.equal(['one-departure']);
    });
  });

  it('names the first violations of a rule and counts all of them', () => {
    room(1).archive.splice(0, 8);
    const verdict = check(history).find(({ rule }) => rule === 'archive');
    expect(verdict?.violations).to.equal(8);
    expect(verdict?.examples).to.have.length(5);
    expect(verdict?.examples[0]?.what).to.equal('room 1: the database lacks 1000-1');
  });
});
