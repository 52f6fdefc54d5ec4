import { expect } from 'chai';
import { slowness } from './slowness.js';

describe('TEST_SLOWNESS', () => {
  it('is 1 unless set', () => {
    expect(slowness({})).to.equal(1);
    expect(slowness({ TEST_SLOWNESS: '' })).to.equal(1);
    expect(slowness({ TEST_SLOWNESS: '2.5' })).to.equal(2.5);
  });

  for (const value of ['0', '0.5', 'slow', '-1', 'Infinity']) {
    it(`is refused as ${value}`, () => {
      expect(() => slowness({ TEST_SLOWNESS: value })).to.throw(RangeError, `TEST_SLOWNESS is "${value}"`);
    });
  }
});
