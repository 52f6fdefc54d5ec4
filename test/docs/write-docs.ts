import { readFileSync, writeFileSync } from 'node:fs';
import { ASYNCAPI, asyncapiText } from './asyncapi.js';
import { CONFIGURATION, replaceTable } from './configuration-page.js';
import { settingsTable } from './settings-table.js';

// `pnpm docs`: writes the table of settings into docs/configuration.md, and docs/asyncapi.json.
writeFileSync(CONFIGURATION, replaceTable(readFileSync(CONFIGURATION, 'utf8'), settingsTable()));
writeFileSync(ASYNCAPI, asyncapiText());
