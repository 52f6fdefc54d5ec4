import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CONFIGURATION, tableOf } from './configuration-page.js';
import { settingsTable } from './settings-table.js';

describe('the documentation', () => {
  it('lists every setting with its default and meaning (`pnpm docs` writes the table)', () => {
    expect(tableOf(readFileSync(CONFIGURATION, 'utf8'))).to.equal(settingsTable());
  });
});
