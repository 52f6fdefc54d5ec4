import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { PROMETHEUS_RULE, prometheusRuleText } from './prometheus-rule.js';

it('the rules for the Prometheus operator are those of deploy/prometheus (otherwise: pnpm docs)', async () => {
  expect(await readFile(PROMETHEUS_RULE, 'utf8')).to.equal(prometheusRuleText());
});
