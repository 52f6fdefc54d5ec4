import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { referencePage, referenceText } from './package-reference.js';

for (const name of ['client', 'react'] as const) {
  describe(`the reference of @chorus/${name}`, function () {
    this.timeout(60_000);

    it('is the one of its docstrings (`pnpm docs` writes it)', async () => {
      expect(readFileSync(referencePage(name), 'utf8')).to.equal(await referenceText(name));
    });
  });
}
