import { expect } from 'chai';
import { ConfigError } from '../errors.js';
import { parseSettings, share } from './config.js';

describe('a setting that is a share', () => {
  const read = (text: string) => parseSettings({ SHARE: share() }, { SHARE: text }).SHARE;

  it('accepts a part of a whole', () => {
    for (const [text, value] of [
      ['0.05', 0.05],
      ['.5', 0.5],
      ['1', 1],
      ['1.0', 1],
      ['0.000001', 0.000001],
    ] as const) {
      expect(read(text), text).to.equal(value);
    }
  });

  it('refuses anything else', () => {
    for (const text of ['0', '0.0', '1.1', '2', '5%', '-0.1', 'x', '1e-3', '0,5']) {
      expect(() => read(text), text).to.throw(ConfigError, 'must be a number above 0 and at most 1');
    }
  });
});
