import { expect } from 'chai';
import { z } from 'zod';
import { parseInput } from '../http/input.js';
import { nameText } from './text.js';

const input = z.object({ name: nameText(64) });

const read = (text: string): string => {
  try {
    return parseInput(input, { name: text }).name;
  } catch (error) {
    return error instanceof Error ? `refused: ${error.message}` : 'refused';
  }
};

describe('nameText', () => {
  for (const [title, text, name] of [
    ['spaces at the ends', '  Ann\u00a0\u3000', 'Ann'],
    ['a decomposed letter', 'Rene\u0301', 'Ren\u00e9'],
    ['fullwidth letters', '\uff21\uff4e\uff4e', 'Ann'],
    ['a letter with marks', 'a\u0301\u0302', '\u00e1\u0302'],
    ['an emoji of several people', '👨‍👩‍👧‍👦', '👨‍👩‍👧‍👦'],
    ['an emoji with a selector', '❤️ Ann', '❤️ Ann'],
    ['a keycap', '1️⃣', '1️⃣'],
    ['the flag of Scotland', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['the most characters', '🎈'.repeat(64), '🎈'.repeat(64)],
    ['markup', '<b>&amp;"', '<b>&amp;"'],
  ] as const) {
    it(`accepts ${title}`, () => expect(read(text)).to.equal(name));
  }

  for (const [title, text] of [
    ['a zero-width space', 'An\u200bn'],
    ['a zero-width joiner outside of an emoji', 'An\u200dn'],
    ['a zero-width non-joiner', 'An\u200cn'],
    ['a byte order mark at the end', 'Ann\ufeff'],
    ['a soft hyphen', 'An\u00adn'],
    ['a word joiner', 'An\u2060n'],
    ['a bidi override', '\u202eAnn'],
    ['a bidi isolate', '\u2066Ann\u2069'],
    ['a left-to-right mark', 'Ann\u200e'],
    ['an Arabic letter mark', '\u061cAnn'],
    ['a Hangul filler', '\u3164'],
    ['a halfwidth Hangul filler', '\uffa0'],
    ['a variation selector outside of an emoji', 'Ann\ufe01'],
    ['a tag outside of an emoji', 'Ann\u{e0041}'],
    ['an interlinear annotation', 'Ann\ufff9'],
  ] as const) {
    it(`refuses ${title}`, () =>
      expect(read(text)).to.equal('refused: name must not contain invisible characters'));
  }

  for (const [title, text, reason] of [
    ['nothing', '', 'must be 1 to 64 characters long'],
    ['only spaces', ' \u3000\u2003', 'must not be blank'],
    ['only braille blanks', '\u2800\u2800', 'must not be blank'],
    ['a line break at the end', 'Ann\n', 'must not contain control characters'],
    ['a line separator', 'An\u2028n', 'must not contain control characters'],
    ['half a character', 'a\ud83d', 'must not contain control characters'],
    ['a private-use character', 'Ann\ue000', 'must not contain private-use or unassigned characters'],
    ['an unassigned character', 'Ann\u0378', 'must not contain private-use or unassigned characters'],
    ['a mark at the beginning', '\u0301Ann', 'must not begin with a combining mark'],
    ['a mark behind a space at the beginning', ' \u0301Ann', 'must not begin with a combining mark'],
    [
      'marks piled up',
      `Z${'\u0335\u0300\u0316'.repeat(2)}`,
      'must not contain more than 4 combining marks in a row',
    ],
    ['too many characters', 'u'.repeat(65), 'must be 1 to 64 characters long'],
    ['a ligature that becomes too long', '\ufdfa'.repeat(4), 'must be 1 to 64 characters long'],
  ] as const) {
    it(`refuses ${title}`, () => expect(read(text)).to.equal(`refused: name ${reason}`));
  }
});
