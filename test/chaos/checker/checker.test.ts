import type { MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { HistoryEvent } from '../history/history.js';
import { eventAt, indexOf, SpoilableHistory } from '../testing/spoilable-history.js';
import { RULES } from './checker.js';

describe('the history checker', function () {
  this.timeout(180_000);

  let history: SpoilableHistory;
  beforeEach(() => {
    history = new SpoilableHistory();
  });

  it('accepts a big history without a violation', () => {
    history = new SpoilableHistory({ clients: 200, rooms: 20, messages: 20_000, seed: 7 });
    const verdicts = history.verdicts();
    expect(verdicts.filter(({ violations }) => violations > 0)).to.deep.equal([]);
    expect(verdicts.map(({ rule }) => rule)).to.deep.equal(RULES.map(({ name }) => name));
    const events = history.clients.flatMap(({ events }) => events);
    const joins = events.filter((event) => event.type === 'joined');
    // There is something to check for every rule.
    expect(joins.filter(({ recovered }) => recovered).length).to.be.above(500);
    expect(joins.filter(({ recovered, since }) => !recovered && since !== undefined).length).to.be.above(100);
    expect(events.filter(({ type }) => type === 'message').length).to.be.above(100_000);
    expect(events.filter((event) => event.type === 'publish' && event.attempt > 1).length).to.be.above(500);
    expect(events.filter((event) => event.type === 'notice').length).to.be.above(1_000);
  });

  it('accepts a message without an answer that all members have, or none', () => {
    const forget = (index: number): MessageFrame | undefined => {
      const { clientMsgId } = eventAt<'publish'>(history.leaver(), index);
      const message = history.rooms
        .flatMap(({ archive }) => archive)
        .find((message) => message.userId === history.leaver().userId && message.clientMsgId === clientMsgId);
      history.leaver().events = history
        .leaver()
        .events.filter((event) => event.type !== 'ack' || event.clientMsgId !== clientMsgId);
      history.leaver().sent = history.leaver().sent.filter((sent) => sent.clientMsgId !== clientMsgId);
      return message as MessageFrame | undefined;
    };
    forget(indexOf(history.leaver(), 'publish'));
    const gone = forget(history.leaver().events.findLastIndex(({ type }) => type === 'publish'));
    if (gone === undefined) throw new Error('the last message is not there');
    history.erase(gone);
    expect(history.broken()).to.deep.equal([]);
  });

  it('accepts that a client that does not read learns late that it was cut off', () => {
    history = new SpoilableHistory({ clients: 12, rooms: 3, messages: 3_000 });
    const away = (event: HistoryEvent, next: HistoryEvent | undefined): boolean =>
      event.type === 'disconnected' && next !== undefined && next.at - event.at > 3_000;
    const member = history.clients.find(({ events }) =>
      events.some((each, at) => away(each, events[at + 1])),
    );
    if (member === undefined) throw new Error('no client was absent for long');
    const index = member.events.findIndex((event, at) => away(event, member.events[at + 1]));
    const [cut, back] = [member.events[index]?.at ?? 0, member.events[index + 1]?.at ?? 0];
    member.events.splice(
      index,
      1,
      { type: 'stalled', at: cut },
      { type: 'reading', at: back - 20 },
      { type: 'disconnected', at: back - 10, code: 1006 },
    );
    expect(history.broken()).to.deep.equal([]);
  });

  it('names the first violations of a rule and counts all of them', () => {
    history.room(1).archive.splice(0, 8);
    const verdict = history.verdicts().find(({ rule }) => rule === 'archive');
    expect(verdict?.violations).to.equal(8);
    expect(verdict?.examples).to.have.length(5);
    expect(verdict?.examples[0]?.what).to.equal('room 1: the database lacks 1000-1');
  });
});
