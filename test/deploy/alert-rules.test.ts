import { expect } from 'chai';
import { expectKnown } from './known-metrics.js';
import { readRules, readRuleTests, readText } from './monitoring-files.js';
import { readQuery } from './promql.js';

/** Headings that introduce the sections of several alerts are of the second level, those of alerts of the third. */
const SECTION = /^### (\S+)\n([\s\S]*?)(?=\n##|$(?![\s\S]))/gm;

describe('the alert rules', () => {
  const { alerts, recordings } = readRules();
  const names = alerts.map(({ alert }) => alert);

  it('ask only for metrics and labels that there are', () => {
    for (const rule of [...alerts, ...recordings]) {
      const where = 'alert' in rule ? rule.alert : rule.record;
      const query = readQuery(rule.expr);
      expect(query.faults, where).to.deep.equal([]);
      expect(query.metrics, where).to.have.length.of.at.least(1);
      expectKnown(query, where);
    }
  });

  it('have unique names, and every recorded series is read', () => {
    expect(new Set(names).size).to.equal(names.length);
    const read = new Set([...alerts, ...recordings].flatMap(({ expr }) => readQuery(expr).metrics));
    expect(recordings.map(({ record }) => record).filter((name) => !read.has(name))).to.deep.equal([]);
  });

  it('fill in only what their series have', () => {
    for (const { alert, expr, annotations } of alerts) {
      const text = `${annotations.summary} ${annotations.description}`;
      const labels = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      expectKnown({ ...readQuery(expr), labels }, alert);
      // What was added up over a label has it no more.
      const kept = /^(?:sum|max|min|count) by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ');
      if (kept !== undefined)
        expect(
          labels.filter((label) => !kept.includes(label)),
          alert,
        ).to.deep.equal([]);
    }
  });

  it('each lead to a section of the runbook, and each section is about one of them', () => {
    const sections = new Map(
      [...readText('docs/how-to/runbook.md').matchAll(SECTION)].map(([, name = '', text = '']) => [
        name,
        text,
      ]),
    );
    expect([...sections.keys()].sort()).to.deep.equal([...names].sort());
    for (const { alert, annotations } of alerts) {
      expect(new URL(annotations.runbook_url).hash, alert).to.equal(`#${alert.toLowerCase()}`);
      expect(annotations.runbook_url).to.match(/^https:\/\/chorus\.example\/docs\/how-to\/runbook\.md#/);
      for (const part of ['**Means**', '**Users**', '**Look**', '**Over**']) {
        expect(sections.get(alert), alert).to.include(part);
      }
    }
  });

  it('are tried by promtool: each is raised by what it is for', () => {
    const tests = readRuleTests();
    const raised = tests.flatMap(({ alert_rule_test: looks }) =>
      looks.filter(({ exp_alerts: expected }) => expected.length > 0).map(({ alertname }) => alertname),
    );
    expect([...new Set(raised)].sort()).to.deep.equal([...names].sort());
  });

  it('are tried with series as they are', () => {
    for (const { name, input_series: series } of readRuleTests()) {
      for (const { series: selector } of series) {
        const query = readQuery(selector);
        expect(query.faults, name).to.deep.equal([]);
        // A database beside ours is there to be left alone.
        if (!selector.includes('job="postgres"')) expectKnown(query, name);
      }
    }
  });
});

describe('the runbook', () => {
  const page = readText('docs/how-to/runbook.md');

  it('leads nowhere that is not there', () => {
    const headings = new Set(
      [...page.matchAll(/^##+ (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-')),
    );
    const anchors = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
    expect(anchors).to.have.length.of.at.least(10);
    expect(anchors.filter((anchor) => !headings.has(anchor))).to.deep.equal([]);
  });

  it('speaks of settings and metrics that there are', () => {
    const settings = readText('docs/reference/configuration.md');
    const named = new Set([...page.matchAll(/`([A-Z][A-Z_]{4,})\b/g)].map(([, name = '']) => name));
    const others = new Set(['DATABASE_URL', 'SERVICE']);
    expect([...named].filter((name) => !others.has(name) && !settings.includes(`\`${name}\``))).to.deep.equal(
      [],
    );
    const documented = readText('docs/reference/metrics.md');
    const metrics = new Set([...page.matchAll(/\b(?:chorus|nodejs)_[a-z_]+[a-z]/g)].map(([name]) => name));
    expect([...metrics].filter((name) => !documented.includes(`\`${name}\``))).to.deep.equal([]);
  });
});
