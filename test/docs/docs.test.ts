import { readFileSync } from 'node:fs';
import { CLOSE } from '@chorus/protocol';
import { expect } from 'chai';
import { CONFIGURATION, tableOf } from './configuration-page.js';
import { settingsTable } from './settings-table.js';

describe('the documentation', () => {
  it('lists every setting with its default and meaning (`pnpm docs` writes the table)', () => {
    expect(tableOf(readFileSync(CONFIGURATION, 'utf8'))).to.equal(settingsTable());
  });

  it('lists exactly the close codes of the catalogue', () => {
    const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| (\d{4}) \| ([^|]+) \| (yes|no) \|/gm)];
    expect(
      rows.map(([, code, reason, reconnect]) => [Number(code), reason, reconnect === 'yes']),
    ).to.have.deep.members(
      Object.values(CLOSE).map(({ code, reason, reconnect }) => [code, reason, reconnect]),
    );
  });
});
