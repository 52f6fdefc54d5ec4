import { expect } from 'chai';
import { requestTokens } from './request-token.js';

describe('requestTokens', () => {
  it('finds the token among other cookies', () => {
    expect(requestTokens(undefined, 'a=1; jwt=x.y.z; b=2')).to.deep.equal(['x.y.z']);
  });

  it('finds the token in the Authorization header, with any case of its scheme', () => {
    for (const header of ['Bearer x.y.z', 'bearer x.y.z', 'BEARER   x.y.z ']) {
      expect(requestTokens(header, undefined)).to.deep.equal(['x.y.z']);
    }
  });

  it('prefers the header, and ignores another scheme', () => {
    expect(requestTokens('Bearer header', 'jwt=cookie')).to.deep.equal(['header']);
    expect(requestTokens('Basic dXNlcg==', 'jwt=cookie')).to.deep.equal(['cookie']);
  });

  it('finds nothing without a token', () => {
    expect(requestTokens(undefined, undefined)).to.deep.equal([]);
    expect(requestTokens('', '')).to.deep.equal([]);
    expect(requestTokens('Bearer', 'xjwt=1; jwt2=2')).to.deep.equal([]);
    expect(requestTokens('Bearer a b', ';;;=')).to.deep.equal([]);
  });

  it('finds every token when several cookies have the name, up to eight', () => {
    expect(requestTokens(undefined, 'jwt=stale; a=1; jwt="good"; jwt=other')).to.deep.equal([
      'stale',
      'good',
      'other',
    ]);
    expect(requestTokens(undefined, 'jwt=x;'.repeat(1_000))).to.have.length(8);
  });

  it('ignores a cookie with invalid encoding', () => {
    expect(requestTokens(undefined, 'x=%zz; jwt=a.b.c')).to.deep.equal(['a.b.c']);
    expect(requestTokens(undefined, 'jwt=%zz')).to.deep.equal(['%zz']);
  });
});
