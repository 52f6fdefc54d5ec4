import { CLOSE, Refusal } from '@chorus/protocol';
import { expect } from 'chai';
import type { AccessVerdict } from './access-list.js';
import { requireAccess } from './require-access.js';

function refusalOf(verdict: AccessVerdict | undefined): unknown {
  try {
    requireAccess(verdict);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('requireAccess', () => {
  it('admits a user only if the access list does', () => {
    expect(refusalOf('ok')).to.equal(undefined);
    expect(refusalOf('revoked')).to.include({
      code: 'unauthenticated',
      status: 401,
      close: CLOSE.unauthenticated,
    });
    expect(refusalOf('banned')).to.include({ code: 'user_banned', status: 403, close: CLOSE.disconnected });
    expect(refusalOf('banned-from-room')).to.include({ code: 'banned', status: 403 });
  });

  it('does not admit a user without a verdict', () => {
    expect(refusalOf(undefined)).to.be.an('error').and.not.instanceOf(Refusal);
  });
});
