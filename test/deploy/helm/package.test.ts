import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { root } from '../../support/root.js';
import { parseResources } from '../k8s/render.js';
import { type Resource, workloads } from '../k8s/resources.js';
import { helm, renderChart } from './helm.js';
import { OciRegistry } from './oci-registry.js';
import { CHART } from './values-schema.js';

const run = promisify(execFile);

describe('the archive of the Helm chart', function () {
  this.timeout(120_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-chart-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('deploys what the folder does, with the alerts and dashboards that are elsewhere in the project', async () => {
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    const script = join(root, 'test/deploy/helm/package-chart.ts');
    const { stdout } = await run(process.execPath, [tsx, script, folder]);
    const [archive = ''] = await readdir(folder);
    expect(archive).to.match(/^chorus-\d+\.\d+\.\d+\.tgz$/);
    expect(stdout).to.contain(`helm push ${join(folder, archive)} oci://`);

    const values = { monitoring: { rules: { enabled: true }, dashboards: { enabled: true } } };
    const packaged = await renderChart(values, { chart: join(folder, archive) });
    expect(packaged).to.deep.equal(await renderChart(values));
    const dashboards = packaged.find(({ metadata }) => metadata.name === 'chorus-dashboards');
    const files = await readdir(join(root, 'deploy/grafana/dashboards'));
    expect(Object.keys(dashboards?.data ?? {}).sort()).to.deep.equal(files.sort());
    for (const file of files) {
      const text = await readFile(join(root, 'deploy/grafana/dashboards', file), 'utf8');
      expect(JSON.parse(dashboards?.data?.[file] ?? '')).to.deep.equal(JSON.parse(text));
    }
  });

  it('is pushed to an OCI registry and installed from it', async () => {
    const registry = await OciRegistry.start();
    try {
      const pushed = join(folder, 'pushed');
      await helm('package', CHART, '--destination', pushed);
      const [archive = ''] = await readdir(pushed);
      const version = archive.slice('chorus-'.length, -'.tgz'.length);
      await helm('push', join(pushed, archive), `oci://${registry.host}/charts`, '--plain-http');
      expect(registry.tags).to.deep.equal([`charts/chorus:${version}`]);
      const reference = `oci://${registry.host}/charts/chorus`;
      const rendered = await helm('template', 'chorus', reference, '--version', version, '--plain-http');
      expect(parseResources(rendered)).to.have.length((await renderChart({})).length);
    } finally {
      await registry.close();
    }
  });

  it('replaces no pod and no Job when only the version of the chart is new', async () => {
    const next = join(folder, 'next');
    await helm('package', CHART, '--destination', next, '--version', '9.9.9');
    const pods = (resources: readonly Resource[]): object =>
      workloads(resources).map(({ kind, name, spec }) => ({ kind, name, template: spec.template }));
    expect(pods(await renderChart({}, { chart: join(next, 'chorus-9.9.9.tgz') }))).to.deep.equal(
      pods(await renderChart({})),
    );
  });
});
