import type { MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { StoredMessage } from '../history/history.js';
import { SpoilableHistory } from '../testing/spoilable-history.js';

describe('the history checker, of what is stored, finds', function () {
  this.timeout(180_000);

  let history: SpoilableHistory;
  beforeEach(() => {
    history = new SpoilableHistory();
  });

  it('a message that was sent again and became two', () => {
    const { archive, pages } = history.room(1);
    const last = archive.at(-1) as MessageFrame;
    const twin: MessageFrame = { ...last, type: 'message', id: 'twin', seq: last.seq + 1 };
    archive.push(twin);
    pages.push(twin);
    for (const member of history.clients) {
      if (!member.stays || !member.roomIds.includes(1)) continue;
      member.events.push({ type: 'message', at: history.endedAt, message: twin });
    }
    expect(history.broken()).to.include('idempotent');
  });

  it('a message that the database lacks', () => {
    history.room(1).archive.splice(5, 1);
    expect(history.broken()).to.deep.equal(['archive']);
  });

  it('the last message of a room that the database lacks', () => {
    history.room(1).archive.pop();
    expect(history.broken()).to.deep.equal(['archive']);
  });

  it('a message that the history of the API leaves out', () => {
    history.room(1).pages.splice(5, 1);
    expect(history.broken()).to.deep.equal(['archive']);
  });

  it('a message that the database holds twice', () => {
    const { archive } = history.room(1);
    archive.splice(5, 0, archive[5] as StoredMessage);
    expect(history.broken()).to.deep.equal(['archive']);
  });

  it('messages that the history of the API shows in another order', () => {
    const { pages } = history.room(1);
    pages.splice(5, 2, pages[6] as StoredMessage, pages[5] as StoredMessage);
    expect(history.broken()).to.deep.equal(['archive']);
  });

  it('a message that the database holds with another content', () => {
    const { archive } = history.room(1);
    archive[5] = { ...(archive[5] as StoredMessage), content: 'something else' };
    expect(history.broken()).to.include('archive');
  });

  it('a message in the database that no client sent', () => {
    const last = history.room(1).archive.at(-1) as StoredMessage;
    history.room(1).archive.push({ ...last, id: 'invented', clientMsgId: 'invented', seq: last.seq + 1 });
    expect(history.broken()).to.include('nothing-invented');
  });
});
