import { expect } from 'chai';
import {
  decimal,
  duration,
  oneOf,
  type Reader,
  share,
  size,
  UnitError,
  urlOf,
  wholeNumber,
} from './units.js';

describe('values with units', () => {
  it('accepts the usual forms', () => {
    expect(['0', '50ms', '30s', '1.5s', '2m', '1h', '3 s'].map(duration)).to.deep.equal([
      0, 50, 30_000, 1_500, 120_000, 3_600_000, 3_000,
    ]);
    expect(['128', '128b', '1kb', '2KB', '1mb', '1.5kb'].map(size)).to.deep.equal([
      128, 128, 1_024, 2_048, 1_048_576, 1_536,
    ]);
    expect(['500', '20_000', '20k', '1.5k'].map(wholeNumber(0))).to.deep.equal([500, 20_000, 20_000, 1_500]);
    expect(['0.5', '50%', '1'].map(share)).to.deep.equal([0.5, 0.5, 1]);
    expect(['0.2', '50k'].map(decimal('a rate'))).to.deep.equal([0.2, 50_000]);
    expect(oneOf('plain', 'chorus.v1')('plain')).to.equal('plain');
    expect(urlOf('ws', 'wss')('wss://example.com/x')).to.equal('wss://example.com/x');
  });

  const wrong: ReadonlyArray<readonly [string, Reader<unknown>, readonly string[]]> = [
    ['times', duration, ['', '30', '-1s', '3 weeks', 's', 'constructor', '1e3s']],
    ['sizes', size, ['', '1gb', '-1', 'kb', '1k b']],
    ['numbers', wholeNumber(1, 64), ['', '0', '65', '1.5', 'three', '-3', '0x10', 'Infinity']],
    ['shares', share, ['', '1.1', '101%', '-0.1', 'half']],
    ['rates', decimal('above 0', Number.MIN_VALUE), ['', '0', '-1', 'fast']],
    ['choices', oneOf('a', 'b'), ['', 'c', 'A']],
    ['URLs', urlOf('ws', 'wss'), ['', 'localhost:8080', 'http://a', 'ws://']],
  ];
  for (const [what, read, texts] of wrong) {
    it(`reports what is allowed for ${what} that cannot be read`, () => {
      for (const text of texts) {
        expect(() => read(text), text)
          .to.throw(UnitError)
          .with.property('message')
          .that.matches(/^It must be .+\.$/);
      }
    });
  }
});
