import { Refusal } from '@chorus/protocol';
import { expect } from 'chai';
import { PasswordRules } from './rules.js';

const ANN = { username: 'Ann Lovelace', email: 'Ann.L@example.com' };

function faultOf(password: string, minLength = 6): string | undefined {
  try {
    new PasswordRules(minLength).check('password', password, ANN);
    return undefined;
  } catch (error) {
    return error instanceof Refusal && error.status === 400 ? error.message : String(error);
  }
}

describe('PasswordRules', () => {
  it('allows long passwords that are no obvious guess', () => {
    for (const password of ['rahasia', 'q7!xab', 'open sesame', 'Ann Lovelace!']) {
      expect(faultOf(password), password).to.equal(undefined);
    }
  });

  it('counts characters, however they are composed', () => {
    expect(faultOf('\u{1f388}'.repeat(6))).to.equal(undefined);
    expect(faultOf('e\u0301'.repeat(5))).to.equal('password must be at least 6 characters long');
    expect(faultOf('open sesame', 12)).to.equal('password must be at least 12 characters long');
  });

  it('refuses the user name and the e-mail address in any case', () => {
    for (const password of ['ann lovelace', 'ANN LOVELACE ', 'ann.l@EXAMPLE.com', '\uff21nn Lovelace']) {
      expect(faultOf(password), password).to.equal(
        'password must not be the user name or the e-mail address',
      );
    }
  });

  it('refuses the most common passwords in any case', () => {
    for (const password of ['password', 'PassWord', '123456', 'qwerty', 'letmein', 'trustno1']) {
      expect(faultOf(password), password).to.equal('password is one of the 10,000 most common passwords');
    }
  });
});
