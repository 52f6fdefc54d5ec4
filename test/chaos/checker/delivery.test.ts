import type { MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { StoredMessage } from '../history/history.js';
import { eventAt, indexOf, SpoilableHistory } from '../testing/spoilable-history.js';

describe('the history checker, of what is delivered, finds', function () {
  this.timeout(180_000);

  let history: SpoilableHistory;
  beforeEach(() => {
    history = new SpoilableHistory();
  });

  it('an acked message that one member never got', () => {
    history.client(0).events.splice(history.receivedAt(history.client(0)), 1);
    expect(history.broken()).to.deep.equal(['delivered']);
  });

  it('an acked message that no member got and the database lacks', () => {
    history.erase(eventAt<'message'>(history.client(0), history.receivedAt(history.client(0))).message);
    expect(history.broken()).to.deep.equal(['delivered', 'application']);
  });

  it('a message that was missed while disconnected and not replayed', () => {
    const member = history.returned();
    const back = indexOf(member, 'joined', ({ recovered }) => recovered);
    const { roomId } = eventAt<'joined'>(member, back);
    const replayed = member.events.findIndex(
      (event, index) => index > back && event.type === 'message' && event.message.roomId === roomId,
    );
    expect(eventAt<'message'>(member, replayed).at - eventAt<'joined'>(member, back).at).to.be.below(5);
    member.events.splice(replayed, 1);
    expect(history.broken()).to.deep.equal(['delivered']);
  });

  it('a message missing from the pages that the API sent to a client that was not recovered', () => {
    history = new SpoilableHistory({ clients: 12, rooms: 2, messages: 3_000 });
    const member = history.clients.find(({ events }) => events.some(({ type }) => type === 'paged'));
    if (member === undefined) throw new Error('no client had to read from the API');
    const at = indexOf(member, 'paged');
    const event = eventAt<'paged'>(member, at);
    member.events[at] = { ...event, messages: event.messages.slice(1) };
    expect(history.broken()).to.deep.equal(['delivered']);
  });

  it('a message that was not passed to the application', () => {
    const { seen } = history.client(0);
    seen.splice(Math.floor(seen.length / 2), 1);
    expect(history.broken()).to.deep.equal(['application']);
  });

  it('a message that was passed to the application twice', () => {
    const { seen } = history.client(0);
    seen.push(seen[0] as MessageFrame);
    expect(history.broken()).to.deep.equal(['application']);
  });

  it('two messages that were passed to the application in reverse', () => {
    const { seen } = history.client(0);
    const at = seen.findIndex((message, index) => message.roomId === seen[index + 1]?.roomId);
    seen.splice(at, 2, seen[at + 1] as MessageFrame, seen[at] as MessageFrame);
    expect(history.broken()).to.deep.equal(['application']);
  });

  it('a message that was passed to the application and that no client sent', () => {
    const { seen } = history.client(0);
    seen[0] = { ...(seen[0] as MessageFrame), content: 'something else' };
    expect(history.broken()).to.include('nothing-invented');
  });

  it('a gap that was reported to the application', () => {
    history.client(0).gaps.push(history.client(0).roomIds[0] as number);
    expect(history.broken()).to.deep.equal(['application']);
  });

  it('a wrong position reported to the application for its own message', () => {
    const [sent] = history.client(0).sent;
    if (sent === undefined) throw new Error('it said nothing');
    history.client(0).sent[0] = { ...sent, position: { epoch: 1, seq: 1 } };
    expect(history.broken()).to.deep.equal(['application']);
  });

  it('a message without an answer that only some members got', () => {
    const member = history.client(0);
    const at = history.receivedAt(member);
    const { message } = eventAt<'message'>(member, at);
    const sender = history.clients.find(({ userId }) => userId === message.userId);
    if (sender === undefined) throw new Error('it has no sender');
    sender.stays = false;
    history.room(message.roomId).present.splice(0);
    sender.events = sender.events.filter(
      (event) => event.type !== 'ack' || event.clientMsgId !== message.clientMsgId,
    );
    member.events.splice(at, 1);
    expect(history.broken()).to.include('consistent').and.not.include('delivered');
  });

  it('a message that was delivered twice', () => {
    const at = history.receivedAt(history.client(0));
    history.client(0).events.splice(at + 1, 0, eventAt<'message'>(history.client(0), at));
    expect(history.broken()).to.deep.equal(['once']);
  });

  it('a message that was delivered again much later', () => {
    const { events } = history.client(0);
    events.push(eventAt<'message'>(history.client(0), history.receivedAt(history.client(0))));
    expect(history.broken()).to.include('once');
  });

  it('two messages that one member got in reverse', () => {
    const { events } = history.client(0);
    const at = events.findIndex((event, index) => {
      const next = events[index + 1];
      return (
        event.type === 'message' && next?.type === 'message' && event.message.roomId === next.message.roomId
      );
    });
    events.splice(at, 2, eventAt(history.client(0), at + 1), eventAt(history.client(0), at));
    expect(history.broken()).to.deep.equal(['one-order']);
  });

  it('two members with swapped positions of two messages', () => {
    const member = history.client(0);
    const at = history.receivedAt(member);
    const { message } = eventAt<'message'>(member, at);
    const next = indexOf(
      member,
      'message',
      ({ message: other }) => other.roomId === message.roomId && other.seq === message.seq + 1,
    );
    const { message: other } = eventAt<'message'>(member, next);
    const [{ seq }, { seq: otherSeq }] = [message, other];
    history.forge(member, at, { ...other, seq });
    history.forge(member, next, { ...message, seq: otherSeq });
    expect(history.broken()).to.include('one-order');
  });

  it('a message that has another position for one member', () => {
    const member = history.client(0);
    const at = member.events.findLastIndex(({ type }) => type === 'message');
    history.forge(member, at, { seq: eventAt<'message'>(member, at).message.seq + 1_000 });
    expect(history.broken()).to.include('one-order');
  });

  it('a position that holds another message for one member', () => {
    history.forge(history.client(0), history.receivedAt(history.client(0)), { id: 'another' });
    expect(history.broken()).to.include('one-order');
  });

  it('a message at a position at which others have another message', () => {
    const { archive, pages } = history.room(1);
    const copy = { ...(archive[10] as StoredMessage), seq: (archive[11] as StoredMessage).seq };
    archive[10] = copy;
    pages[10] = copy;
    expect(history.broken()).to.include('one-order');
  });

  it('a message that no client sent', () => {
    history.forge(history.client(0), history.receivedAt(history.client(0)), {
      clientMsgId: 'invented',
      id: 'invented',
    });
    expect(history.broken()).to.include('nothing-invented');
  });

  it('a message whose content was changed on the way to one member', () => {
    history.forge(history.client(0), history.receivedAt(history.client(0)), { content: 'something else' });
    expect(history.broken()).to.include('nothing-invented');
  });

  it("a message that was delivered under another user's name", () => {
    history.forge(history.client(0), history.receivedAt(history.client(0)), { username: 'somebody else' });
    expect(history.broken()).to.include('nothing-invented');
  });

  it('a message that exists although it was refused', () => {
    const sender = history.client(0);
    const at = indexOf(sender, 'ack');
    const { clientMsgId, roomId } = eventAt<'ack'>(sender, at);
    sender.events[at] = {
      ...{ type: 'refused', at: 0, roomId, clientMsgId, code: 'bad_content', retry: false },
    };
    expect(history.broken()).to.deep.equal(['nothing-invented']);
  });

  it('an ack with a position at which the message is not', () => {
    const at = indexOf(history.client(0), 'ack');
    const ack = eventAt<'ack'>(history.client(0), at);
    history.client(0).events[at] = { ...ack, position: { ...ack.position, seq: ack.position.seq + 1 } };
    expect(history.broken()).to.deep.equal(['true-acks']);
  });

  it('two acks of one message that differ', () => {
    const sender = history.client(0);
    const at = indexOf(sender, 'ack');
    const ack = eventAt<'ack'>(sender, at);
    sender.events.push({ ...ack, position: { epoch: ack.position.epoch + 1, seq: 1 } });
    expect(history.broken()).to.deep.equal(['true-acks']);
  });
});
