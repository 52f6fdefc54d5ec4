import { expect } from 'chai';
import type { PodSpec, Resource } from '../k8s/resources.js';
import { podRules } from '../k8s/rules/pods.js';
import { RULES } from '../k8s/rules.js';
import { loadValidator } from '../k8s/validate.js';
import { COMBINATIONS, REFUSED } from './combinations.js';
import { helm, isHook, renderChart } from './helm.js';
import { CHART } from './values-schema.js';

describe('the Helm chart', function () {
  this.timeout(60_000);
  let refusedByKubernetes: Awaited<ReturnType<typeof loadValidator>>;

  before(async () => {
    refusedByKubernetes = await loadValidator();
  });

  it('passes helm lint', async () => {
    expect(await helm('lint', '--strict', CHART)).to.contain('0 chart(s) failed');
  });

  for (const [name, values] of Object.entries(COMBINATIONS)) {
    it(`makes what Kubernetes accepts, and what keeps all rules (${name})`, async () => {
      const resources = await renderChart(values);
      expect(refusedByKubernetes(resources)).to.deep.equal([]);
      const lasting = resources.filter((resource) => !isHook(resource));
      const problems = Object.entries(RULES).flatMap(([rule, violations]) =>
        violations(lasting).map((problem) => `${rule}: ${problem}`),
      );
      expect(problems).to.deep.equal([]);
    });
  }

  for (const [values, line] of REFUSED) {
    it(`refuses ${JSON.stringify(values)} with one line`, async () => {
      const refusal = await renderChart(values).then(
        () => 'nothing',
        (error: Error) => error.message,
      );
      expect(refusal).to.match(line);
      const reasons = refusal.split('\n').filter((each) => /^- |^Error: execution error/.test(each));
      expect(reasons, refusal).to.have.length(1);
    });
  }

  it('tests with a pod that has no rights, over a way that only it has', async () => {
    const hooks = (await renderChart({})).filter(isHook);
    expect(hooks.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).to.deep.equal([
      'NetworkPolicy chorus-from-test',
      'NetworkPolicy chorus-test',
      'Pod chorus-test',
    ]);
    const pod = hooks.find(({ kind }) => kind === 'Pod');
    const template = { metadata: { labels: pod?.metadata.labels ?? {} }, spec: pod?.spec as PodSpec };
    const job: Resource = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'test' },
      spec: { template },
    };
    expect(podRules([job])).to.deep.equal([]);
    const open = await renderChart({ networkPolicy: { enabled: false } });
    expect(open.filter(({ kind }) => kind === 'NetworkPolicy')).to.deep.equal([]);
  });
});
