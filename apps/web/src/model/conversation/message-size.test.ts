import { expect } from 'chai';
import { roomFor } from './message-size.js';

/** Size of a frame that the client sends with the longest ids, in bytes. */
const frameBytes = (content: string): number =>
  Buffer.byteLength(
    JSON.stringify({ type: 'publish', roomId: 2 ** 53 - 1, clientMsgId: 'x'.repeat(64), content }),
  );

describe('the space left in a message', () => {
  it('is not shown while there is plenty', () => {
    expect(roomFor('', 16_384)).to.deep.equal({ left: undefined, over: 0 });
    expect(roomFor('x'.repeat(16_000), 16_384)).to.deep.equal({ left: undefined, over: 0 });
  });

  it('is shown near the end, with the number of characters that do not fit', () => {
    expect(roomFor('x'.repeat(16_124), 16_384)).to.deep.equal({ left: 100, over: 0 });
    expect(roomFor('x'.repeat(16_224), 16_384)).to.deep.equal({ left: 0, over: 0 });
    expect(roomFor('x'.repeat(16_230), 16_384)).to.deep.equal({ left: 0, over: 6 });
  });

  for (const [title, character] of [
    ['letters', 'x'],
    ['accents', '\u00e9'],
    ['Chinese', '\u5b57'],
    ['emoji', '\u{1f388}'],
    ['quotes', '"'],
    ['line breaks', '\n'],
    ['control characters', '\u0001'],
  ] as const) {
    it(`holds for frames of ${title}`, () => {
      const most = character.repeat(1_000).slice(0, 1_000);
      const { over } = roomFor(most, 1_024);
      const fitting = [...most].slice(0, [...most].length - over).join('');
      expect(frameBytes(fitting)).to.be.at.most(1_024);
      expect(over).to.be.above(0);
    });
  }
});
