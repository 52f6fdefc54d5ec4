import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { root } from '../support/root.js';

const RULES = join(root, 'deploy/prometheus/rules');

/** The same rules as an object for the Prometheus operator. */
export const PROMETHEUS_RULE = join(root, 'deploy/k8s/components/monitoring/prometheus-rule.yaml');

/** What {@link PROMETHEUS_RULE} has to be: the groups of all files of `deploy/prometheus/rules`, wrapped. */
export function prometheusRuleText(): string {
  const files = readdirSync(RULES)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  const groups = files.flatMap(
    (name) => (parse(readFileSync(join(RULES, name), 'utf8')) as { groups: readonly unknown[] }).groups,
  );
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'chorus' },
    spec: { groups },
  };
  return `# Written by \`pnpm docs\` from deploy/prometheus/rules: change it there.\n${stringify(rule, { lineWidth: 0 })}`;
}
