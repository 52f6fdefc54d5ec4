import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { redisCommands } from '@chorus/local';
import { expect } from 'chai';
import { root } from '../support/root.js';
import {
  ACCESS_PAGE,
  accessTables,
  accessTablesOf,
  programsTable,
  programsTableOf,
  scopesTable,
  scopesTableOf,
} from './access-page.js';
import { CONFIGURATION, tableOf } from './configuration-page.js';
import { CONNECTING, redisUserText, rulesOf } from './connecting-page.js';
import { settingsTable } from './settings-table.js';

describe('the documentation', () => {
  it('lists every setting with its default and meaning (`pnpm docs` writes the table)', () => {
    expect(tableOf(readFileSync(CONFIGURATION, 'utf8'))).to.equal(settingsTable());
  });

  it('lists who may do what in rooms (`pnpm docs` writes the table)', () => {
    const page = readFileSync(ACCESS_PAGE, 'utf8');
    expect(accessTablesOf(page)).to.equal(accessTables());
    expect(scopesTableOf(page)).to.equal(scopesTable());
    expect(programsTableOf(page)).to.equal(programsTable());
  });

  it('lists what a user of Redis needs (`pnpm docs` writes the list)', () => {
    expect(rulesOf(readFileSync(CONNECTING, 'utf8'))).to.equal(redisUserText());
  });

  it('lists every command of a script, and none that nothing sends', () => {
    const files = ['packages', 'apps']
      .flatMap((folder) => filesOf(folder))
      .filter((file) => /\.(lua|ts)$/.test(file) && !/\.test\.ts$|redis-acl\.ts$/.test(file));
    const read = (kind: RegExp): string[] =>
      files.filter((file) => kind.test(file)).map((file) => readFileSync(file, 'utf8'));
    const sources = read(/./);
    expect(sources).to.have.length.greaterThan(100);
    const scripts = read(/\.lua$/)
      .join('\n')
      .matchAll(/\bcall\('([A-Z]+)'(?:, '([A-Z]+)')?/g);
    const inScripts = [...scripts].map(([, command = '', argument = '']) => {
      const [plain, sub] = [command.toLowerCase(), `${command}|${argument}`.toLowerCase()];
      return listed.has(sub) ? sub : plain;
    });
    expect(inScripts.filter((command) => !listed.has(command))).to.deep.equal([]);
    const text = sources.join('\n').toLowerCase();
    const unused = [...listed].filter((command) => {
      const [name = ''] = command.split('|');
      return !BY_THE_LIBRARY.has(command) && !new RegExp(`[.'\`]${name}['(<]`).test(text);
    });
    expect(unused).to.deep.equal([]);
  });
});

const listed = new Set([...redisCommands(false), ...redisCommands(true)]);
/** Sent by ioredis itself, or within the script of the rate limiter. */
const BY_THE_LIBRARY = new Set([
  ...['info', 'client|setname', 'select', 'cluster|info', 'cluster|slots', 'readonly', 'asking'],
  ...['eval', 'evalsha', 'exec', 'incrby', 'pttl', 'expire'],
]);

function filesOf(folder: string): string[] {
  const start = join(root, folder);
  return readdirSync(start).flatMap((name) =>
    ['lua', 'src'].flatMap((part) => {
      try {
        return readdirSync(`${start}/${name}/${part}`, { recursive: true }).map(
          (file) => `${start}/${name}/${part}/${file}`,
        );
      } catch {
        // Not every package has both.
        return [];
      }
    }),
  );
}
