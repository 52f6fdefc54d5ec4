import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parse } from 'yaml';
import { documentedMetrics } from '../docs/metrics-page.js';
import { root } from '../support/root.js';
import { COMPONENTS_RENDERED, RENDERINGS } from './k8s/render.js';
import { allContainers, ofKind, type Resource, workloads } from './k8s/resources.js';
import { connectionsAllowed, waysIn } from './k8s/rules/network.js';
import { routesOf } from './k8s/rules/routes.js';
import { RULES } from './k8s/rules.js';
import { loadValidator } from './k8s/validate.js';

const K8S = `${root}/deploy/k8s/`;

describe('the manifests for Kubernetes', function () {
  this.timeout(60_000);
  const rendered = new Map<string, readonly Resource[]>();
  const of = (name: keyof typeof RENDERINGS): readonly Resource[] => rendered.get(name) ?? [];

  before('kustomize builds everything that there is', async () => {
    for (const [name, render] of Object.entries(RENDERINGS)) rendered.set(name, await render());
  });

  it('leave no overlay and no component out of these tests', async () => {
    expect((await readdir(`${K8S}components`)).sort()).to.deep.equal([...COMPONENTS_RENDERED].sort());
    const overlays = (await readdir(`${K8S}overlays`)).map((name) => `overlay ${name}`);
    expect(Object.keys(RENDERINGS)).to.include.members(overlays);
  });

  for (const name of Object.keys(RENDERINGS) as (keyof typeof RENDERINGS)[]) {
    describe(name, () => {
      it('would be accepted by Kubernetes', async () => {
        expect(of(name)).to.have.length.greaterThan(10);
        expect((await loadValidator())(of(name))).to.deep.equal([]);
      });

      for (const [rule, violations] of Object.entries(RULES)) {
        it(rule, () => expect(violations(of(name))).to.deep.equal([]));
      }
    });
  }

  it('let each pod connect to the pods that it needs, and to no others', () => {
    expect(connectionsAllowed(of('overlay dev')).sort()).to.deep.equal([
      'chorus-api -> chorus-postgres:5432',
      'chorus-api -> chorus-redis:6379',
      'chorus-archiver -> chorus-postgres:5432',
      'chorus-archiver -> chorus-redis:6379',
      'chorus-dispatcher -> chorus-postgres:5432',
      'chorus-gateway -> chorus-gateway:4000',
      'chorus-gateway -> chorus-redis:6379',
      'chorus-migrate -> chorus-postgres:5432',
    ]);
  });

  it('let in the balancer where clients go, and Prometheus where it asks', () => {
    expect(waysIn(of('overlay prod')).sort()).to.deep.equal([
      'ingress-nginx -> chorus-api:3000',
      'ingress-nginx -> chorus-gateway:4000',
      'monitoring -> chorus-api:9090',
      'monitoring -> chorus-archiver:9090',
      'monitoring -> chorus-dispatcher:9090',
      'monitoring -> chorus-gateway:9090',
    ]);
    expect(waysIn(of('the base alone'))).to.deep.equal([]);
  });

  for (const name of [
    'overlay prod',
    'overlay dev',
    'the base with gateway-api, monitoring and autoscaling-keda',
  ] as const) {
    it(`send sockets to gateways and everything else to APIs (${name})`, () => {
      const route = routesOf(of(name));
      for (const path of ['/ws/connect', '/ws/join-room/1'])
        expect(route(path), path).to.equal('chorus-gateway');
      for (const path of [
        '/',
        '/assets/index.js',
        '/api/users/signin',
        '/ws/create-room',
        '/ws/get-rooms',
        '/ws/get-clients/1',
      ]) {
        expect(route(path), path).to.equal('chorus-api');
      }
    });
  }

  it('turn snapshots of Redis off: after a failed one it would refuse messages', () => {
    const redis = workloads(of('overlay dev')).find(({ name }) => name === 'chorus-redis');
    const args = redis?.pod.containers[0]?.args ?? [];
    expect(args[args.indexOf('--save') + 1], args.join(' ')).to.equal('');
    expect(args).to.include('--save');
  });

  it('scale alike with KEDA and without', () => {
    interface Keda {
      minReplicaCount: number;
      maxReplicaCount: number;
      advanced: { horizontalPodAutoscalerConfig: { behavior: unknown } };
      triggers: readonly { type: string; metadata: { threshold?: string; value?: string } }[];
    }
    interface Hpa {
      minReplicas: number;
      maxReplicas: number;
      behavior: unknown;
      metrics: readonly Record<string, { target: { averageValue: string } }>[];
    }
    const keda = ofKind<Keda>(
      of('the base with gateway-api, monitoring and autoscaling-keda'),
      'ScaledObject',
    );
    const hpa = ofKind<Hpa>(of('overlay prod'), 'HorizontalPodAutoscaler');
    const plain = (quantity = ''): string => quantity.replace(/^(\d+)k$/, '$1000');
    expect(
      keda.map(({ name, spec }) => ({
        name,
        replicas: [spec.minReplicaCount, spec.maxReplicaCount],
        behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior,
        targets: spec.triggers.map(({ metadata }) => plain(metadata.threshold ?? metadata.value)),
      })),
    ).to.deep.equal(
      hpa.map(({ name, spec }) => ({
        name,
        replicas: [spec.minReplicas, spec.maxReplicas],
        behavior: spec.behavior,
        targets: spec.metrics.map((metric) => plain((metric.pods ?? metric.resource)?.target.averageValue)),
      })),
    );
  });

  it('scale by a metric that the rules for prometheus-adapter make', async () => {
    const values = parse(await readFile(`${K8S}prometheus-adapter-values.yaml`, 'utf8')) as {
      rules: { custom: readonly { name: { as: string } }[] };
    };
    interface Hpa {
      metrics: readonly { pods?: { metric: { name: string } } }[];
    }
    const names = ofKind<Hpa>(of('overlay prod'), 'HorizontalPodAutoscaler').flatMap(({ spec }) =>
      spec.metrics.flatMap(({ pods }) => (pods === undefined ? [] : [pods.metric.name])),
    );
    expect(names).to.deep.equal(values.rules.custom.map(({ name }) => name.as));
    expect([...documentedMetrics('gateway').keys()]).to.include.members(names);
  });

  it('wait for the migration with the program that migrates', async () => {
    const dockerfile = await readFile(`${K8S}../Dockerfile`, 'utf8');
    const command = /^FROM \S+ AS migrate$[\s\S]*?^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]';
    const waiting = workloads(of('overlay prod')).flatMap((workload) =>
      allContainers(workload).filter(({ name }) => name === 'wait-for-migrations'),
    );
    expect(waiting).to.have.length(3);
    for (const container of waiting) {
      expect(container.image).to.match(/\/chorus-migrate:/);
      expect(container.command).to.deep.equal([...(JSON.parse(command) as string[]), '--wait']);
    }
  });
});
