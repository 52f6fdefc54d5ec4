import { expect } from 'chai';
import { expectKnown, oursWithout } from './known-metrics.js';
import { type Dashboard, type Panel, readDashboards } from './monitoring-files.js';
import { readQuery } from './promql.js';

/** Grafana's names of units that fit what we measure. */
const UNITS = ['short', 's', 'bytes', 'Bps', 'cps', 'reqps', 'percentunit'];

/** What `namespace`, `instance` and so on are put into the place of. */
const VARIABLE = /\$\{?(?!__)([a-z]+)\}?/g;

describe('the dashboards', () => {
  const dashboards = readDashboards();
  const panels = (dashboard: Dashboard): Panel[] => dashboard.panels.filter(({ type }) => type !== 'row');

  it('are those of the cluster, a gateway, the relay and the API', () => {
    expect(dashboards.map(({ uid }) => uid).sort()).to.deep.equal([
      'chorus-api',
      'chorus-cluster',
      'chorus-gateway',
      'chorus-relay',
    ]);
  });

  for (const dashboard of dashboards) {
    describe(dashboard.title, () => {
      it('asks only for metrics and labels that there are', () => {
        for (const { title, targets } of panels(dashboard)) {
          for (const { expr } of targets) {
            const query = readQuery(expr);
            expect(query.faults, title).to.deep.equal([]);
            expect(query.metrics, title).to.have.length.of.at.least(1);
            expectKnown(query, title);
          }
        }
      });

      it('says of each panel what it shows, and in which unit', () => {
        const ids = new Set<number>();
        for (const { id, title, description, fieldConfig, targets } of panels(dashboard)) {
          expect(targets, title).to.have.length.of.at.least(1);
          expect(description ?? '', title).to.match(/^[A-Z0-9].{3,}\.$/);
          expect(fieldConfig?.defaults.unit ?? '', title).to.be.oneOf(UNITS);
          expect(ids.has(id), title).to.equal(false);
          ids.add(id);
        }
      });

      it('shows no panel over another one, nor beyond the edge', () => {
        const taken = new Map<string, string>();
        for (const { title, gridPos } of dashboard.panels) {
          expect(gridPos.x + gridPos.w, title).to.be.at.most(24);
          for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
            for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
              expect(taken.get(`${x},${y}`), `${title} at ${x},${y}`).to.equal(undefined);
              taken.set(`${x},${y}`, title);
            }
          }
        }
      });

      it('asks the data source and the part of the cluster that are chosen', () => {
        const variables = new Map(dashboard.templating.list.map((variable) => [variable.name, variable]));
        expect(variables.get('datasource')?.type).to.equal('datasource');
        const used = [...JSON.stringify(dashboard.panels).matchAll(VARIABLE)].map(([, name = '']) => name);
        expect(new Set([...used, 'datasource'])).to.deep.equal(new Set(variables.keys()));
        for (const { title, targets } of panels(dashboard)) {
          for (const { expr, datasource } of targets) {
            expect(datasource.uid, title).to.match(/^\$\{datasource\}$/);
            // Each selector: where there are no namespaces the choice of all of them fits series without one.
            expect(expr.split('namespace=~"$namespace"').length - 1, expr).to.equal(
              readQuery(expr).metrics.length,
            );
          }
        }
        expect(variables.get('namespace')).to.include({ includeAll: true, allValue: '.*' });
        for (const { name, type, query } of variables.values()) {
          if (type === 'datasource') continue;
          const text = typeof query === 'string' ? query : query.query;
          const [, selector = '', label = ''] = /^label_values\((.+), ([a-z]+)\)$/.exec(text) ?? [];
          expectKnown(readQuery(`count by (${label}) (${selector})`), name);
        }
      });
    });
  }

  it('leave no metric of ours unseen', () => {
    const seen = new Set(
      dashboards.flatMap((dashboard) =>
        panels(dashboard).flatMap(({ targets }) => targets.flatMap(({ expr }) => readQuery(expr).metrics)),
      ),
    );
    expect(oursWithout(seen)).to.deep.equal([]);
  });
});
