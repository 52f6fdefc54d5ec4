import type { Refusal } from '@chorus/protocol';
import { expect } from 'chai';
import { type Admission, Guard } from './guard.js';
import { Tokens } from './tokens.js';

const tokens = new Tokens('a secret of more than thirty-two bytes');
const ann = { id: 7, username: 'ann' };
const cookie = `jwt=${tokens.sign(ann)}`;

function refusalOf(admission: Admission): Refusal {
  if (admission.ok) throw new Error('it was admitted');
  return admission.refusal;
}

describe('Guard', () => {
  describe('in token mode', () => {
    const guard = new Guard(tokens, 'token');

    it('admits the user of the token', () => {
      const admission = guard.admit({ cookie });
      expect(admission.ok && admission.user).to.deep.equal(ann);
      expect(admission.ok && admission.token?.expiresAt).to.be.greaterThan(Date.now());
    });

    it('admits a query that matches the token', () => {
      for (const query of [{ userId: '7' }, { username: 'ann' }, { userId: '7', username: 'ann' }]) {
        expect(guard.admit({ cookie, ...query }).ok, JSON.stringify(query)).to.equal(true);
      }
    });

    it('refuses a query that contradicts the token', () => {
      expect(refusalOf(guard.admit({ cookie, userId: '8' }))).to.include({ status: 403 });
      expect(refusalOf(guard.admit({ cookie, username: 'Ann' }))).to.include({ status: 403 });
    });

    it('refuses a userId that is not an id', () => {
      expect(refusalOf(guard.admit({ cookie, userId: 'seven' }))).to.include({ status: 400 });
    });

    it('reports what is wrong with the token', () => {
      const expired = `Bearer ${new Tokens('a secret of more than thirty-two bytes', -1).sign(ann)}`;
      expect(refusalOf(guard.admit({ userId: '7' }))).to.include({
        status: 401,
        code: 'unauthenticated',
        message: 'a token is required',
      });
      expect(refusalOf(guard.admit({ authorization: expired })).message).to.equal('the token has expired');
      expect(refusalOf(guard.admit({ cookie: 'jwt=x' })).message).to.equal('the token is not valid');
    });
  });

  describe('in open mode', () => {
    const guard = new Guard(tokens, 'open');

    it('uses the query, even against a token', () => {
      const admission = guard.admit({ cookie, userId: '8', username: 'bob' });
      expect(admission).to.deep.equal({ ok: true, user: { id: 8, username: 'bob' }, token: undefined });
    });

    it('uses a valid token if the query identifies no user', () => {
      const admission = guard.admit({ cookie });
      expect(admission.ok && admission.user).to.deep.equal(ann);
    });

    it('admits requests without a user', () => {
      expect(guard.admit({ cookie: 'jwt=broken' })).to.deep.equal({
        ok: true,
        user: undefined,
        token: undefined,
      });
    });

    it('refuses a userId that is not an id', () => {
      expect(refusalOf(guard.admit({ userId: '0' }))).to.include({ status: 400 });
    });

    it('still requires a token where one is needed', () => {
      expect(refusalOf(guard.authenticate({ userId: '7' }))).to.include({ status: 401 });
      expect(guard.authenticate({ cookie }).ok).to.equal(true);
    });
  });
});
