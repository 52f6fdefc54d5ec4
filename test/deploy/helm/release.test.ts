import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { root } from '../../support/root.js';
import { allContainers, type Resource, type Workload, workloads } from '../k8s/resources.js';
import { environmentOf, PROGRAMS } from '../k8s/rules/environment.js';
import { chartSettingsText, SECRET_SETTINGS, SERVICES } from './chart-settings.js';
import { notesFor, renderChart, type Values } from './helm.js';
import { CHART, CHART_SETTINGS, VALUES_SCHEMA, valuesSchemaText } from './values-schema.js';

describe('a release of the Helm chart', function () {
  this.timeout(60_000);

  it('knows the settings of this version (otherwise: pnpm docs)', async () => {
    expect(await readFile(CHART_SETTINGS, 'utf8')).to.equal(chartSettingsText());
    expect(await readFile(VALUES_SCHEMA, 'utf8')).to.equal(valuesSchemaText());
  });

  it('lists each value that it accepts in values.yaml', async () => {
    const values: unknown = parse(await readFile(join(CHART, 'values.yaml'), 'utf8'));
    const missing = valuePaths(JSON.parse(valuesSchemaText()) as SchemaNode).filter((path) => {
      const value = path.reduce<unknown>(
        (at, key) => (at as Record<string, unknown> | undefined)?.[key],
        values,
      );
      return value === undefined;
    });
    const names = missing.map((path) => path.join('.'));
    // `global` is Helm's own, and values.yaml says that each program may have those of `pods`.
    const pods = ['annotations', 'labels', 'nodeSelector', 'tolerations', 'affinity', 'priorityClassName'];
    const programs = [...SERVICES, 'migrate'].flatMap((name) => pods.map((key) => `${name}.${key}`));
    expect(names.sort()).to.deep.equal(['global', ...programs].sort());
  });

  it('has the version of the project', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const chart = parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
    expect([chart.version, chart.appVersion]).to.deep.equal([version, version]);
  });

  it('replaces the pods of those programs that read a changed setting, and no others', async () => {
    const before = await templates({});
    const changed = async (values: Values): Promise<string[]> => {
      const after = await templates(values);
      return Object.keys(before).filter((name) => before[name] !== after[name]);
    };
    expect(await changed({ config: { HISTORY_SIZE: 10 } })).to.deep.equal(['chorus-archiver']);
    expect(await changed({ config: { MAX_WEBHOOKS: 1 } })).to.deep.equal(['chorus-api']);
    expect(await changed({ config: { WEBHOOK_ALLOW_ADDRESSES: '10.0.0.0/8' } })).to.deep.equal([
      'chorus-api',
      'chorus-dispatcher',
    ]);
    expect(await changed({ gateway: { config: { LOG_LEVEL: 'debug' } } })).to.deep.equal(['chorus-gateway']);
    expect(
      await changed({ gateway: { replicas: 9 }, monitoring: { rules: { enabled: true } } }),
    ).to.deep.equal([]);
  });

  it('has a Job for each version, because a Job cannot be changed', async () => {
    const job = async (values: Values): Promise<Workload | undefined> =>
      workloads(await renderChart(values)).find(({ kind }) => kind === 'Job');
    const first = await job({});
    expect((await job({ config: { LOG_LEVEL: 'debug' } }))?.name).to.equal(first?.name);
    expect((await job({ image: { tag: '0.1.1' } }))?.name).not.to.equal(first?.name);
    expect((await job({ migrate: { resources: { limits: { memory: '1Gi' } } } }))?.name).not.to.equal(
      first?.name,
    );
  });

  it('can be called anything, several in one namespace', async () => {
    const names = (resources: readonly Resource[]): string[] =>
      resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const values = {
      monitoring: { serviceMonitor: { enabled: true } },
      ingress: { enabled: true, host: 'a.example' },
    };
    const [one, other] = await Promise.all(
      ['chat', 'chorus-b'].map((release) => renderChart(values, { release })),
    );
    expect(names(one ?? [])).to.include('Deployment chat-chorus-gateway');
    expect(names(other ?? [])).to.include('Deployment chorus-b-gateway');
    expect(names(one ?? []).filter((name) => names(other ?? []).includes(name))).to.deep.equal([]);
    // Alerts and dashboards know jobs by these names.
    expect(JSON.stringify(one)).to.contain('"targetLabel":"job","replacement":"chorus-$1"');
    for (const { spec } of workloads(one ?? [])) {
      expect(spec.template.metadata.labels).to.include({ 'app.kubernetes.io/instance': 'chat' });
    }
  });

  it('makes secrets that fit together, for trials', async () => {
    const values = {
      secrets: { create: true, values: { JWT_ACCEPTED_SECRETS: 'another' } },
      postgresql: { bundled: { enabled: true } },
      redis: { bundled: { enabled: true } },
    };
    const secret = (await renderChart(values)).find(({ kind }) => kind === 'Secret');
    const { JWT_SECRET, OPERATOR_TOKEN, POSTGRES_PASSWORD, REDIS_PASSWORD, ...rest } = Object.fromEntries(
      Object.entries(secret?.data ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, 'base64').toString(),
      ]),
    );
    expect(secret?.metadata.name).to.equal('chorus-secrets');
    for (const key of [JWT_SECRET, OPERATOR_TOKEN]) expect(key).to.match(/^[A-Za-z0-9]{64}$/);
    expect(JWT_SECRET).not.to.equal(OPERATOR_TOKEN);
    expect(rest).to.deep.equal({
      JWT_ACCEPTED_SECRETS: 'another',
      DATABASE_URL: `postgresql://chorus:${POSTGRES_PASSWORD}@chorus-postgres:5432/chorus`,
      REDIS_URL: `redis://:${REDIS_PASSWORD}@chorus-redis:6379`,
    });
  });

  it('takes each secret from where the values say', async () => {
    const refs = { DATABASE_URL: { name: 'db-app', key: 'uri' }, REDIS_URL: { name: 'cache' } };
    const all = workloads(await renderChart({ secrets: { existing: 'mine', refs } }));
    const references = all.flatMap((workload) =>
      allContainers(workload).flatMap(({ env = [] }) =>
        env.flatMap(({ name, valueFrom }) => {
          const from = valueFrom?.secretKeyRef;
          return from === undefined ? [] : [`${name} ${from.name} ${from.key}`];
        }),
      ),
    );
    expect([...new Set(references)].sort()).to.deep.equal([
      'BEFORE_PUBLISH_SECRET mine BEFORE_PUBLISH_SECRET',
      'DATABASE_URL db-app uri',
      'JWT_ACCEPTED_SECRETS mine JWT_ACCEPTED_SECRETS',
      'JWT_SECRET mine JWT_SECRET',
      'OPERATOR_TOKEN mine OPERATOR_TOKEN',
      'REDIS_SENTINEL_PASSWORD mine REDIS_SENTINEL_PASSWORD',
      'REDIS_URL cache REDIS_URL',
      'SMTP_URL mine SMTP_URL',
      'WEBHOOK_SECRET_KEYS mine WEBHOOK_SECRET_KEYS',
    ]);
  });

  it('gives each program every secret that it reads', async () => {
    for (const workload of workloads(await renderChart({}))) {
      for (const container of workload.pod.containers) {
        const settings = Object.keys(PROGRAMS[`chorus-${container.name}`]?.settings ?? {});
        const given = (container.env ?? []).map(({ name }) => name);
        expect(given, workload.name).to.include.members(
          settings.filter((name) => SECRET_SETTINGS.includes(name)),
        );
      }
    }
  });

  it('gives the files of certificates to all programs that connect, and mounts them there', async () => {
    const resources = await renderChart({
      postgresql: { tls: { ca: { configMap: 'pg-ca' }, clientCertificate: 'pg-client' } },
      redis: { tls: { ca: { secret: 'redis-ca', key: 'root.pem' }, clientCertificate: 'redis-client' } },
      trustedCa: { configMap: 'company-ca' },
    });
    const files: string[] = [];
    for (const workload of workloads(resources)) {
      for (const container of allContainers(workload)) {
        const mounts = container.volumeMounts ?? [];
        for (const [name, value] of Object.entries(environmentOf(container, resources).env)) {
          if (!/_FILE$|^NODE_EXTRA_CA_CERTS$/.test(name)) continue;
          const mount = mounts.find(({ mountPath }) => value.startsWith(`${mountPath}/`));
          const volume = workload.pod.volumes?.find((each) => each.name === mount?.name);
          files.push(`${container.name} ${name} ${JSON.stringify(volume)} ${value.split('/').at(-1)}`);
        }
      }
    }
    const of = (container: string): string[] =>
      [...new Set(files)]
        .filter((line) => line.startsWith(`${container} `))
        .map((line) => line.slice(container.length + 1));
    const database = [
      'DATABASE_CA_FILE {"name":"postgresql-ca","configMap":{"name":"pg-ca"}} ca.crt',
      'DATABASE_CERT_FILE {"name":"postgresql-certificate","secret":{"secretName":"pg-client"}} tls.crt',
      'DATABASE_KEY_FILE {"name":"postgresql-certificate","secret":{"secretName":"pg-client"}} tls.key',
    ];
    const redis = [
      'REDIS_CA_FILE {"name":"redis-ca","secret":{"secretName":"redis-ca"}} root.pem',
      'REDIS_CERT_FILE {"name":"redis-certificate","secret":{"secretName":"redis-client"}} tls.crt',
      'REDIS_KEY_FILE {"name":"redis-certificate","secret":{"secretName":"redis-client"}} tls.key',
    ];
    const trusted = ['NODE_EXTRA_CA_CERTS {"name":"trusted-ca","configMap":{"name":"company-ca"}} ca.crt'];
    expect(of('api')).to.have.members([...database, ...redis, ...trusted]);
    expect(of('gateway')).to.have.members([...redis, ...trusted]);
    expect(of('archiver')).to.have.members([...database, ...redis, ...trusted]);
    for (const name of ['dispatcher', 'migrate', 'wait-for-migrations']) {
      expect(of(name), name).to.have.members([...database, ...trusted]);
    }
  });

  it('says after an installation what to do next', async () => {
    const bare = await notesFor({});
    expect(bare).to.match(/1\. Pods start when the Secret chorus-secrets exists/);
    expect(bare).to.match(/helm test chorus -n chorus/);
    expect(bare).to.match(/There is no entrance: enable ingress or gatewayApi/);
    const trial = await notesFor({}, { files: [join(CHART, '../values/trial.yaml')] });
    expect(trial).to.match(/Open http:\/\/chorus\.localhost/);
    expect(trial).not.to.match(/exists \(here/);
    expect(trial).to.match(/Note: The bundled PostgreSQL and Redis have one copy and no backup\./);
    const hooked = await notesFor({ config: { BEFORE_PUBLISH_URL: 'https://hooks.example.com' } });
    expect(hooked).to.match(/Note: BEFORE_PUBLISH_URL needs a rule in networkPolicy\.egress/);
  });
});

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** Paths of all values, without single settings and single resources. */
function valuePaths({ properties = {} }: SchemaNode): string[][] {
  return Object.entries(properties).flatMap(([key, node]) => {
    const below = ['config', 'egress', 'resources'].includes(key) ? [] : valuePaths(node);
    return [[key], ...below.map((path) => [key, ...path])];
  });
}

/** The pods of Deployments as text, by name. */
async function templates(values: Values): Promise<Record<string, string>> {
  const all = workloads(await renderChart(values)).filter(({ kind }) => kind === 'Deployment');
  return Object.fromEntries(all.map(({ name, spec }) => [name, JSON.stringify(spec.template)]));
}
