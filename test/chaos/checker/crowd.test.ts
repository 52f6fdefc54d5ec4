import type { MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { HistoryEvent, StoredMessage } from '../history/history.js';
import { plainName } from '../history/message-name.js';
import {
  type DraftClient,
  type DraftHistory,
  type DraftRoom,
  simulate,
} from '../testing/simulated-history.js';
import { check } from './checker.js';

const ROOM = 1;

const brokenIn = (history: DraftHistory): string[] =>
  check(history)
    .filter(({ violations }) => violations > 0)
    .map(({ rule }) => rule);
const room = (history: DraftHistory): DraftRoom => history.rooms[ROOM - 1] as DraftRoom;

describe('the history checker, about a plain client,', () => {
  let history: DraftHistory;
  let plain: DraftClient;
  /** Its messages. */
  let own: MessageFrame;

  beforeEach(() => {
    history = simulate({ clients: 6, rooms: 1, messages: 60 });
    const said = room(history).archive as MessageFrame[];
    const [first, second] = said.slice(-12, -4) as [MessageFrame, MessageFrame];
    const others = said.slice(said.indexOf(second) + 1, said.indexOf(second) + 3);
    // It sent the second of these; the messages of other plain clients have no id.
    const { clientMsgId, ...frame } = second;
    own = { ...frame, userId: 99, username: 'plain', content: 'plain text' };
    replace(second, own);
    forgetSending(second.userId, clientMsgId);
    const { endedAt } = history;
    plain = {
      ...{ userId: 99, username: 'plain', roomIds: [ROOM], stays: true, plain: true },
      ...{ sent: [], gaps: [], seen: [first, own, ...others] },
      events: [
        { type: 'connected', at: endedAt - 900, connectionId: '' },
        { type: 'joining', at: endedAt - 900, roomId: ROOM, since: undefined },
        ...joined(endedAt - 900),
        {
          type: 'publish',
          at: 1,
          roomId: ROOM,
          clientMsgId: plainName(own.content),
          content: own.content,
          attempt: 1,
        },
        ...[first, own, ...others].map((message) => ({
          type: 'message' as const,
          at: endedAt - 800,
          message,
        })),
        { type: 'disconnected', at: endedAt - 700, code: 1006 },
        // Back within the grace period, without `since`: it never gets the messages sent meanwhile.
        { type: 'joining', at: endedAt - 600, roomId: ROOM, since: undefined },
        ...joined(endedAt - 600),
        { type: 'message', at: endedAt - 500, message: said.at(-1) as MessageFrame },
      ],
    };
    plain.seen.push(said.at(-1) as MessageFrame);
    history.clients.push(plain);
    room(history).present.push(99);
  });

  const joined = (at: number): HistoryEvent[] => [
    { type: 'joined', at, roomId: ROOM, since: undefined, position: undefined, recovered: false },
  ];
  const replace = (old: StoredMessage, by: MessageFrame): void => {
    const change = <Message extends StoredMessage>(message: Message): Message =>
      message.id === old.id ? (by as StoredMessage as Message) : message;
    for (const client of history.clients) {
      client.seen = client.seen.map(change);
      client.events = client.events.map((event) => {
        if (event.type === 'message') return { ...event, message: change(event.message) };
        return event.type === 'paged' ? { ...event, messages: event.messages.map(change) } : event;
      });
    }
    for (const list of [room(history).archive, room(history).pages]) {
      list.splice(0, list.length, ...list.map(change));
    }
  };
  const forgetSending = (userId: number, clientMsgId: string | undefined): void => {
    const sender = history.clients.find((client) => client.userId === userId) as DraftClient;
    sender.events = sender.events.filter(
      (event) => !('clientMsgId' in event) || event.clientMsgId !== clientMsgId,
    );
    sender.sent = sender.sent.filter((sent) => sent.clientMsgId !== clientMsgId);
  };

  it('accepts what it missed between two connections, and messages without confirmation', () => {
    expect(brokenIn(history)).to.deep.equal([]);
  });

  it('finds a message that it missed while it was connected', () => {
    const at = plain.events.findIndex((event) => event.type === 'message' && event.message.id === own.id);
    plain.events.splice(at + 1, 1);
    plain.seen.splice(2, 1);
    expect(brokenIn(history)).to.deep.equal(['delivered', 'application']);
  });

  it('finds that one of its messages became two', () => {
    const last = room(history).archive.at(-1) as StoredMessage;
    const again = { ...own, id: 'again', epoch: last.epoch, seq: last.seq + 1 };
    for (const list of [room(history).archive, room(history).pages]) list.push(again);
    expect(brokenIn(history)).to.include('idempotent');
  });

  it('finds that others have a message of it that was refused', () => {
    plain.events.push({
      ...{ type: 'refused', at: history.endedAt, roomId: ROOM, clientMsgId: plainName(own.content) },
      ...{ code: 'unavailable', retry: false },
    });
    expect(brokenIn(history)).to.deep.equal(['nothing-invented']);
  });

  it('finds that it was recovered without a message that it missed', () => {
    const at = plain.events.findLastIndex(({ type }) => type === 'joined');
    const event = plain.events[at] as Extract<HistoryEvent, { type: 'joined' }>;
    const since = plain.seen.at(-2) as MessageFrame;
    const { epoch, seq } = room(history).archive.at(-2) as StoredMessage;
    plain.events[at] = { ...event, since, position: { epoch, seq }, recovered: true };
    expect(brokenIn(history)).to.deep.equal(['delivered', 'application']);
  });
});

describe('the history checker, about a user with two clients,', () => {
  let history: DraftHistory;
  let twin: DraftClient;

  beforeEach(() => {
    history = simulate({ clients: 6, rooms: 1, messages: 60 });
    const [first] = history.clients as [DraftClient];
    twin = { ...first, events: [...first.events], seen: [...first.seen], sent: [...first.sent], gaps: [] };
    history.clients.push(twin);
  });

  it('accepts that both send one message', () => {
    expect(brokenIn(history)).to.deep.equal([]);
  });

  it('finds acks that differ', () => {
    const at = twin.events.findIndex(({ type }) => type === 'ack');
    const ack = twin.events[at] as Extract<HistoryEvent, { type: 'ack' }>;
    twin.events[at] = { ...ack, position: { ...ack.position, seq: ack.position.seq + 1 } };
    expect(brokenIn(history)).to.deep.equal(['true-acks']);
  });

  it('finds a message that was stored once for each of them', () => {
    const { archive, pages } = room(history);
    const { position, clientMsgId } = twin.sent[0] as DraftClient['sent'][0];
    const isIt = (message: StoredMessage): boolean =>
      message.userId === twin.userId && message.clientMsgId === clientMsgId;
    const stored = archive.find(isIt) as StoredMessage;
    const last = archive.at(-1) as StoredMessage;
    const twice = { ...stored, id: 'twice', epoch: last.epoch, seq: last.seq + 1 };
    expect(stored.seq).to.equal(position.seq);
    for (const list of [archive, pages]) list.push(twice);
    expect(brokenIn(history)).to.include('idempotent');
  });

  it('finds a departure of one that was announced although the other was present', () => {
    const [first, observer] = history.clients as [DraftClient, DraftClient];
    const { userId } = first;
    first.events.push({ type: 'disconnected', at: history.endedAt - 9_000, code: 1006 });
    first.stays = false;
    expect(brokenIn(history)).to.deep.equal([]);
    observer.events.push({ type: 'notice', kind: 'left', at: history.endedAt - 7_000, roomId: ROOM, userId });
    expect(brokenIn(history)).to.deep.equal(['one-departure']);
  });
});
