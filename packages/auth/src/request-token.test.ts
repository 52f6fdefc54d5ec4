import { expect } from 'chai';
import { requestToken } from './request-token.js';

describe('requestToken', () => {
  it('finds the token of the cookie among others', () => {
    expect(requestToken(undefined, 'a=1; jwt=x.y.z; b=2')).to.equal('x.y.z');
  });

  it('finds the token of the Authorization header, whatever the case of its scheme', () => {
    for (const header of ['Bearer x.y.z', 'bearer x.y.z', 'BEARER   x.y.z ']) {
      expect(requestToken(header, undefined)).to.equal('x.y.z');
    }
  });

  it('prefers the header, and passes over another scheme', () => {
    expect(requestToken('Bearer header', 'jwt=cookie')).to.equal('header');
    expect(requestToken('Basic dXNlcg==', 'jwt=cookie')).to.equal('cookie');
  });

  it('finds nothing where there is nothing', () => {
    expect(requestToken(undefined, undefined)).to.equal(undefined);
    expect(requestToken('', '')).to.equal(undefined);
    expect(requestToken('Bearer', 'xjwt=1; jwt2=2')).to.equal(undefined);
    expect(requestToken('Bearer a b', ';;;=')).to.equal(undefined);
  });

  it('does not choke on a cookie that is not validly encoded', () => {
    expect(requestToken(undefined, 'x=%zz; jwt=a.b.c')).to.equal('a.b.c');
    expect(requestToken(undefined, 'jwt=%zz')).to.equal('%zz');
  });
});
