import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../support/root.js';

const DASHBOARDS = 'deploy/grafana/dashboards/';

export const readText = (path: string): string => readFileSync(join(root, path), 'utf8');

const duration = z.string().regex(/^\d+[smh]$/);

const recordingSchema = z.strictObject({
  record: z.string().regex(/^(instance|job|route):chorus_[a-z_]+:[a-z0-9_]+$/),
  expr: z.string(),
});

const alertSchema = z.strictObject({
  alert: z.string().regex(/^Chorus[A-Z][A-Za-z]+$/),
  expr: z.string(),
  for: duration.optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({
    summary: z.string().min(5).max(80),
    description: z.string().min(20).regex(/\.$/),
    runbook_url: z.url(),
  }),
});

export type Alert = z.infer<typeof alertSchema>;
export type Recording = z.infer<typeof recordingSchema>;

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      interval: duration.optional(),
      rules: z.array(z.union([alertSchema, recordingSchema])),
    }),
  ),
});

/** The rules that Prometheus is given. */
export function readRules(): { alerts: Alert[]; recordings: Recording[] } {
  const { groups } = rulesSchema.parse(parse(readText('deploy/prometheus/rules/chorus.yaml')));
  const rules = groups.flatMap((group) => group.rules);
  return {
    alerts: rules.filter((rule) => 'alert' in rule),
    recordings: rules.filter((rule) => 'record' in rule),
  };
}

const ruleTestsSchema = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      input_series: z.array(z.object({ series: z.string(), values: z.string() })),
      alert_rule_test: z.array(
        z.object({ alertname: z.string(), exp_alerts: z.array(z.object({ exp_labels: z.unknown() })) }),
      ),
    }),
  ),
});

/** What the rules are tried with by promtool. */
export function readRuleTests(): z.infer<typeof ruleTestsSchema>['tests'] {
  return ruleTestsSchema.parse(parse(readText('deploy/prometheus/tests/chorus.yaml'))).tests;
}

const panelSchema = z.object({
  id: z.number(),
  type: z.enum(['row', 'stat', 'timeseries', 'heatmap', 'table']),
  title: z.string().min(2),
  description: z.string().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: z.object({ uid: z.string() }).optional(),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string().optional() }) }).optional(),
  targets: z
    .array(z.object({ expr: z.string().min(1), datasource: z.object({ uid: z.string() }) }))
    .default([]),
});

const variableSchema = z.object({
  name: z.string(),
  type: z.enum(['datasource', 'query']),
  query: z.union([z.string(), z.object({ query: z.string() })]),
  includeAll: z.boolean(),
  allValue: z.string().optional(),
});

const dashboardSchema = z.object({
  uid: z.string().regex(/^chorus-[a-z]+$/),
  title: z.string().startsWith('Chorus / '),
  description: z.string().min(10),
  tags: z.array(z.string()),
  templating: z.object({ list: z.array(variableSchema) }),
  panels: z.array(panelSchema),
});

export type Panel = z.infer<typeof panelSchema>;
export type Dashboard = z.infer<typeof dashboardSchema> & { readonly file: string };

/** Every dashboard that Grafana is given. */
export function readDashboards(): Dashboard[] {
  return readdirSync(join(root, DASHBOARDS)).map((file) => ({
    file,
    ...dashboardSchema.parse(JSON.parse(readText(DASHBOARDS + file))),
  }));
}
