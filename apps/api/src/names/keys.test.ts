import { expect } from 'chai';
import { nameKeys } from './keys.js';

const collide = (a: string, b: string): boolean => nameKeys(a).some((key) => nameKeys(b).includes(key));

describe('nameKeys', () => {
  for (const [title, a, b] of [
    ['case', 'Alice', 'aLICE'],
    ['composition', 'Ren\u00e9', 'Rene\u0301'],
    ['fullwidth letters', 'alice', '\uff41\uff4c\uff49\uff43\uff45'],
    ['Cyrillic letters', 'alice', '\u0430li\u0441\u0435'],
    ['Cyrillic capitals', 'HOPE', '\u041d\u041e\u0420\u0415'],
    ['Greek letters', 'victor', '\u03bdictor'],
    ['a digit for a letter', 'bob', 'b0b'],
    ['l and capital I', 'Ian', 'lan'],
    ['rn and m', 'Marner', 'Mamer'],
    ['mathematical letters', 'alice', '\u{1d4b6}\u{1d4c1}\u{1d4be}\u{1d4b8}\u{1d452}'],
    ['ligatures', 'offic', 'o\ufb03c'],
    ['sharp s', 'Strasse', 'stra\u00dfe'],
    ['final sigma', '\u03bf\u03b4\u03bf\u03c2', '\u039f\u0394\u039f\u03a3'],
    ['spaces inside', 'a b', 'a\u00a0\u2003b'],
  ] as const) {
    it(`gives a common key to names that differ in ${title}`, () => {
      expect(collide(a, b)).to.equal(true);
      expect(collide(b, a)).to.equal(true);
    });
  }

  it('gives no common key to names that people can distinguish', () => {
    const names = [
      'Ann',
      'Anna',
      'Rene',
      'Ren\u00e9',
      'ian',
      'nick',
      'vick',
      'user1',
      'user2',
      '\u5f20\u4f1f',
      '🎈',
      '🎈🎈',
      'a b',
      'ab',
    ];
    for (const [at, name] of names.entries()) {
      for (const other of names.slice(at + 1))
        expect(collide(name, other), `${name} ${other}`).to.equal(false);
    }
  });
});
