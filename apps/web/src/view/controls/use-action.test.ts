import { ChorusError } from '@chorus/client';
import { expect } from 'chai';
import { textOf } from './use-action.js';

describe('the text of a failed action', () => {
  it('is that of the server, as a sentence', () => {
    expect(
      textOf(new ChorusError('role_required', 'only owners may do this', false, { status: 403 })),
    ).to.equal('Only owners may do this.');
  });

  it('does not name the parts of a server that is not available', () => {
    const error = new ChorusError('upstream_unavailable', 'no API is reachable', true, { status: 503 });
    expect(textOf(error)).to.equal('The server cannot do this at the moment. Please try again.');
    const { message } = new ChorusError('network', 'no answer: network', true);
    expect(textOf(new ChorusError('network', message, true))).to.equal(
      'There is no connection. Please try again.',
    );
    expect(textOf(new Error('x'))).to.equal('Something went wrong.');
  });
});
