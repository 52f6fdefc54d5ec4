import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CLIENT_REFERENCE, clientReferenceText } from './client-reference.js';

describe('the reference of the client', function () {
  this.timeout(60_000);

  it('is the one of its docstrings (`pnpm docs` writes it)', async () => {
    expect(readFileSync(CLIENT_REFERENCE, 'utf8')).to.equal(await clientReferenceText());
  });
});
