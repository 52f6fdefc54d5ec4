import { join } from 'node:path';
import { expect } from 'chai';
import { root } from '../../support/root.js';
import { RENDERINGS } from '../k8s/render.js';
import { canonical } from './canonical.js';
import { renderChart, type Values } from './helm.js';

const VALUES = join(root, 'deploy/helm/values');

/** What the chart makes like a rendering of kustomize: files in `deploy/helm/values`, and more values. */
const SAME: readonly (readonly [keyof typeof RENDERINGS, readonly string[], Values])[] = [
  ['overlay dev', ['trial.yaml'], {}],
  ['overlay prod', ['production.yaml'], {}],
  [
    'the base with gateway-api, monitoring and autoscaling-keda',
    [],
    {
      gatewayApi: { enabled: true, hostnames: ['chat.example.com'] },
      monitoring: { serviceMonitor: { enabled: true }, rules: { enabled: true } },
      autoscaling: { kind: 'keda' },
    },
  ],
];

/** Objects that only the overlays have: the base says nothing about the servers. */
const OF_OVERLAYS = new Set(['NetworkPolicy chorus-to-postgres', 'NetworkPolicy chorus-to-redis']);

describe('the Helm chart and kustomize', function () {
  this.timeout(60_000);

  for (const [name, files, values] of SAME) {
    it(`deploy the same (${name})`, async () => {
      const ours = canonical(await renderChart(values, { files: files.map((file) => join(VALUES, file)) }));
      const theirs = canonical(await RENDERINGS[name]());
      if (!name.startsWith('overlay')) for (const policy of OF_OVERLAYS) delete ours[policy];
      expect(Object.keys(ours)).to.deep.equal(Object.keys(theirs));
      expect(Object.keys(ours)).to.have.length.greaterThan(20);
      for (const [object, content] of Object.entries(theirs))
        expect(ours[object], object).to.deep.equal(content);
    });
  }

  it('are compared in every detail', async () => {
    const files = [join(VALUES, 'trial.yaml')];
    const before = canonical(await renderChart({}, { files }));
    const differing = async (values: Values): Promise<string[]> => {
      const after = canonical(await renderChart(values, { files }));
      return Object.keys(before).filter(
        (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
      );
    };
    expect(await differing({ redis: { bundled: { maxmemory: '1gb' } } })).to.deep.equal([
      'StatefulSet chorus-redis',
    ]);
    expect(await differing({ config: { HISTORY_SIZE: 1 } })).to.deep.equal(['Deployment chorus-archiver']);
    expect(await differing({ ingress: { host: 'chat.example.com' } })).to.deep.equal([
      'Ingress chorus-api',
      'Ingress chorus-gateway',
    ]);
  });
});
