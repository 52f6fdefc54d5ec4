import { expect } from 'chai';
import { ADA, BEN } from '../../testing/messages.js';
import { mentionsIn, nameBefore, splitMentions } from './mentions.js';

const ANN_LEE = { id: 3, username: 'ann lee' };
const ANN = { id: 4, username: 'ann' };
const USERS = [ADA, BEN, ANN_LEE, ANN];

describe('mentions', () => {
  it('are found in a text that is sent, each once, by the longest name', () => {
    const found = (text: string, room = false) => mentionsIn(text, USERS, room);
    expect(found('hi @ben and @Ann Lee, @ben!')).to.deep.equal([2, 3]);
    expect(found('@ann leet')).to.deep.equal([4]);
    expect(found('@benny, ben, a@ben.example, @@ben')).to.deep.equal([]);
    expect(found('(@ada)')).to.deep.equal([1]);
    expect(found('@room')).to.deep.equal([]);
    expect(found('@room', true)).to.deep.equal(['room']);
    expect(found('@rooms', true)).to.deep.equal([]);
  });

  it('are marked in the text of a message, those of the reader apart', () => {
    const split = (text: string, mentions: Array<number | 'room'>, known = USERS) =>
      splitMentions(text, {
        mentions,
        me: ADA,
        nameOf: (id) => known.find((user) => user.id === id)?.username,
      }).map(({ text, mention }) => (mention === undefined ? text : `${mention}<${text}>`));
    expect(split('hi @ada and @ann lee: @ben', [1, 3])).to.deep.equal([
      ...['hi ', 'me<@ada>', ' and ', 'other<@ann lee>', ': @ben'],
    ]);
    expect(split('@room, look', ['room'])).to.deep.equal(['me<@room>', ', look']);
    expect(split('@ben', [])).to.deep.equal(['@ben']);
    expect(split('hey @zoe.', [9], [])).to.deep.equal(['hey ', 'other<@zoe>', '.']);
  });

  it('are completed behind an @ that begins a word', () => {
    const before = (text: string, caret = text.length) => nameBefore(text, caret);
    expect(before('hi @be')).to.deep.equal({ from: 4, start: 'be' });
    expect(before('@')).to.deep.equal({ from: 1, start: '' });
    expect(before('@ann le')).to.deep.equal({ from: 1, start: 'ann le' });
    expect(before('hi @be now', 6)).to.deep.equal({ from: 4, start: 'be' });
    for (const text of ['', 'ben', 'a@be', '@ ', '@a\nb', '@a  b'])
      expect(before(text), text).to.equal(undefined);
  });
});
