import { readFileSync, writeFileSync } from 'node:fs';
import { chartSettingsText } from '../deploy/helm/chart-settings.js';
import { CHART_SETTINGS, VALUES_SCHEMA, valuesSchemaText } from '../deploy/helm/values-schema.js';
import { PROMETHEUS_RULE, prometheusRuleText } from '../deploy/prometheus-rule.js';
import {
  ACCESS_PAGE,
  accessTables,
  programsTable,
  replaceAccessTables,
  replaceProgramsTable,
  replaceScopesTable,
  scopesTable,
} from './access-page.js';
import { ASYNCAPI, asyncapiText } from './asyncapi.js';
import { CONFIGURATION, replaceTable } from './configuration-page.js';
import { CONNECTING, redisUserText, replaceRules } from './connecting-page.js';
import { OPENAPI, openapiText } from './openapi.js';
import { referencePage, referenceText } from './package-reference.js';
import { settingsTable } from './settings-table.js';

// `pnpm docs` writes what is generated: the tables of access and of settings, the rules for the Redis user, the AsyncAPI and OpenAPI documents,
// the references of the client and of the hooks, the alert rules as an object for the Prometheus operator, and what the Helm chart knows of settings.
const accessPage = replaceProgramsTable(
  replaceAccessTables(readFileSync(ACCESS_PAGE, 'utf8'), accessTables()),
  programsTable(),
);
writeFileSync(ACCESS_PAGE, replaceScopesTable(accessPage, scopesTable()));
writeFileSync(CONFIGURATION, replaceTable(readFileSync(CONFIGURATION, 'utf8'), settingsTable()));
writeFileSync(CONNECTING, replaceRules(readFileSync(CONNECTING, 'utf8'), redisUserText()));
writeFileSync(ASYNCAPI, asyncapiText());
writeFileSync(OPENAPI, openapiText());
for (const name of ['client', 'react'] as const)
  writeFileSync(referencePage(name), await referenceText(name));
writeFileSync(PROMETHEUS_RULE, prometheusRuleText());
writeFileSync(CHART_SETTINGS, chartSettingsText());
writeFileSync(VALUES_SCHEMA, valuesSchemaText());
