import { CLOSE } from '@chorus/protocol/constants';
import { expect } from 'chai';
import { FINAL, LOST, NORMAL, UNAUTHENTICATED } from './close-codes.js';

describe('the close codes that the client acts on', () => {
  it('match the catalogue', () => {
    expect(NORMAL).to.equal(CLOSE.normal.code);
    expect(LOST).to.equal(CLOSE.lost.code);
    expect(UNAUTHENTICATED).to.equal(CLOSE.unauthenticated.code);
    for (const { code, reconnect } of Object.values(CLOSE)) {
      // 1000 answers the client's own close; received unasked, it comes from a proxy.
      expect(FINAL.test(`${code}`), `${code}`).to.equal(!reconnect && code !== NORMAL);
    }
  });
});
