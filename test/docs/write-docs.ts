import { readFileSync, writeFileSync } from 'node:fs';
import { CONFIGURATION, replaceTable } from './configuration-page.js';
import { settingsTable } from './settings-table.js';

// `pnpm docs`: writes the table of settings into docs/configuration.md.
writeFileSync(CONFIGURATION, replaceTable(readFileSync(CONFIGURATION, 'utf8'), settingsTable()));
