import { expect } from 'chai';
import { NOON } from '../testing/messages.js';
import { connectionText, dayText, hueOf, initials, isolated, secondsUntil, typing } from './words.js';

const DAY = 24 * 3_600_000;

describe('texts of the page', () => {
  it('name days by how long ago they were', () => {
    expect(dayText(NOON, NOON + 3_600_000)).to.equal('Today');
    expect(dayText(NOON, NOON + DAY)).to.equal('Yesterday');
    expect(dayText(NOON - 5 * DAY, NOON))
      .to.match(/5/)
      .and.not.match(/2026/);
    expect(dayText(NOON - 400 * DAY, NOON)).to.match(/2025/);
  });

  it('name typing members, as long as they fit', () => {
    const [ada, ben, eve] = ['ada', 'ben', 'eve'].map((username, id) => ({ id, username }));
    if (ada === undefined || ben === undefined || eve === undefined) throw new Error('nobody');
    expect(typing([])).to.deep.equal({ names: [], rest: '' });
    expect(typing([ada])).to.deep.equal({ names: ['ada'], rest: ' is typing…' });
    expect(typing([ada, ben])).to.deep.equal({ names: ['ada', 'ben'], rest: ' are typing…' });
    expect(typing([ada, ben, eve])).to.deep.equal({ names: [], rest: 'Several people are typing…' });
  });

  it('call the first attempt connecting, and all others reconnecting', () => {
    expect(connectionText({ status: 'connecting', attempt: 0 })).to.equal('Connecting…');
    expect(connectionText({ status: 'connecting', attempt: 2 })).to.equal('Reconnecting…');
    expect(connectionText({ status: 'waiting', attempt: 1, retryAt: 0, reason: '' })).to.equal(
      'Reconnecting…',
    );
  });

  it('show that the browser is offline', () => {
    expect(connectionText({ status: 'connecting', attempt: 2 }, false)).to.equal('Offline');
    const user = { id: 1, username: 'ada' };
    const connected = { status: 'connected', connectionId: 'c', user, maxFrameBytes: 1 } as const;
    expect(connectionText(connected, false)).to.equal('Connected');
  });

  it('isolate the direction of a name', () => {
    expect(isolated('\u05d0')).to.equal('\u2068\u05d0\u2069');
  });

  it('count down in whole seconds, to one', () => {
    expect([4_001, 4_000, 900, 0, -50].map((ms) => secondsUntil(NOON + ms, NOON))).to.deep.equal([
      5, 4, 1, 1, 1,
    ]);
  });

  it('derive initials and one fixed colour from a name', () => {
    expect(['Ada Lovelace', 'ben', '  ', '👋 wave', 'a_b-c'].map(initials)).to.deep.equal([
      'AL',
      'B',
      '',
      '👋W',
      'AB',
    ]);
    expect(hueOf('ada', 8)).to.equal(hueOf('ada', 8)).and.to.be.within(0, 7);
  });
});
