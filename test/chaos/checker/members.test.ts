import { expect } from 'chai';
import type { DraftClient } from '../testing/simulated-history.js';
import { eventAt, indexOf, SpoilableHistory } from '../testing/spoilable-history.js';

describe('the history checker, of members, finds', function () {
  this.timeout(180_000);

  let history: SpoilableHistory;
  beforeEach(() => {
    history = new SpoilableHistory();
  });

  it('a message that was never answered although its sender stayed', () => {
    const sender = history.client(0);
    const at = indexOf(sender, 'ack');
    const { clientMsgId } = eventAt<'ack'>(sender, at);
    sender.sent = sender.sent.filter((sent) => sent.clientMsgId !== clientMsgId);
    expect(history.broken()).to.deep.equal(['answered']);
  });

  it('a client that never reconnected', () => {
    history.client(0).events.push({ type: 'disconnected', at: history.endedAt, code: 1006 });
    for (const { present } of history.rooms) {
      const at = present.indexOf(history.client(0).userId);
      if (at >= 0) present.splice(at, 1);
    }
    expect(history.broken()).to.deep.equal(['came-back']);
  });

  it('a client that returned to only some of its rooms', () => {
    const member = history.client(1);
    const [roomId = 0] = member.roomIds;
    member.events.push({ type: 'out-of-room', at: history.endedAt, roomId, reason: 'banned' });
    history.room(roomId).present.splice(history.room(roomId).present.indexOf(member.userId), 1);
    expect(history.broken()).to.deep.equal(['came-back']);
  });

  it('a client that was not recovered although the history reached back', () => {
    const member = history.returned();
    const at = indexOf(member, 'joined', ({ recovered }) => recovered);
    const joined = eventAt<'joined'>(member, at);
    member.events[at] = { ...joined, recovered: false };
    // Although the missed messages followed.
    expect(history.broken()).to.deep.equal(['one-order', 'recovered']);
  });

  it('a user that is listed but gone', () => {
    history.room(history.leaver().roomIds[0] ?? 0).present.push(history.leaver().userId);
    expect(history.broken()).to.deep.equal(['presence']);
  });

  it('a member that is not listed', () => {
    history.room(1).present.pop();
    expect(history.broken()).to.deep.equal(['presence']);
  });

  it('a departure that was announced twice', () => {
    const observer = history.client(0);
    const at = indexOf(observer, 'notice');
    observer.events.splice(at, 0, eventAt<'notice'>(observer, at));
    expect(history.broken()).to.deep.equal(['one-departure']);
  });

  it('a departure of a user who was present all the time', () => {
    const observer = history.client(0);
    const roomId = observer.roomIds[0] ?? 0;
    const subject = history.clients.find(
      ({ userId, roomIds }) => userId !== observer.userId && roomIds.includes(roomId),
    );
    if (subject === undefined) throw new Error('the observer is alone');
    observer.events.unshift({ type: 'notice', kind: 'left', at: 0, roomId, userId: subject.userId });
    expect(history.broken()).to.deep.equal(['one-departure']);
  });

  it('a departure of a user who was back within the grace period', () => {
    const roomId = 1;
    const inRoom = history.clients.filter(({ roomIds }) => roomIds.includes(roomId));
    const short = inRoom.flatMap((subject) =>
      subject.events.flatMap((event, index) => {
        const next = subject.events[index + 1];
        const brief = event.type === 'disconnected' && next !== undefined && next.at - event.at < 800;
        return brief ? [{ subject, at: event.at }] : [];
      }),
    )[0];
    if (short === undefined) throw new Error('no client had a short absence');
    const observer = inRoom.find(({ userId }) => userId !== short.subject.userId) as DraftClient;
    const { userId } = short.subject;
    observer.events.push({ type: 'notice', kind: 'left', at: short.at + 100, roomId, userId });
    expect(history.broken()).to.deep.equal(['one-departure']);
  });

  it('a departure that was not announced', () => {
    for (const member of history.clients) {
      member.events = member.events.filter(
        (event) => event.type !== 'notice' || event.userId !== history.leaver().userId,
      );
    }
    expect(history.broken()).to.deep.equal(['one-departure']);
  });
});
