import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatewaySettings, loadGatewayConfig } from '@chorus/gateway';
import { descriptorsForConnections, servedConnections } from '@chorus/service';
import { expect } from 'chai';
import { deployFile } from '../support/deploy-files.js';
import { root } from '../support/root.js';

const JWT_SECRET = 'a secret for tests that is long enough';

/** Values of a unit's keys, those of one key in their order. */
function readUnit(text: string): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined) keys.set(key, [...(keys.get(key) ?? []), value]);
  }
  return keys;
}

describe('the systemd unit of a gateway', () => {
  const unit = readUnit(deployFile('systemd/chorus-gateway@.service'));
  const only = (key: string): string => {
    const values = unit.get(key) ?? [];
    expect(values, key).to.have.length(1);
    return values[0] ?? '';
  };
  /** The variables of one instance, as systemd makes them. */
  const environment = (instance: string): Record<string, string> =>
    Object.fromEntries(
      (unit.get('Environment') ?? []).map((pair) => {
        const [, name = '', value = ''] = /^(\w+)=(\S+)$/.exec(pair) ?? [];
        return [name, value.replaceAll('%i', instance).replaceAll('%l', 'host-a')];
      }),
    );

  it('sets only what a gateway reads', () => {
    const known = [...Object.keys(gatewaySettings), 'NODE_ENV'];
    for (const name of Object.keys(environment('4001'))) expect(known).to.include(name);
  });

  it('makes instances that share neither port nor node id', () => {
    const [one, another] = ['4001', '9999'].map((instance) =>
      loadGatewayConfig({ ...environment(instance), JWT_SECRET }),
    );
    expect(one).to.include({ port: 4001, operatorPort: 14_001, nodeId: 'host-a-4001' });
    expect(another).to.include({ port: 9999, operatorPort: 19_999, nodeId: 'host-a-9999' });
  });

  it('runs the program of the gateway', () => {
    const [program, ...args] = only('ExecStart').split(' ');
    expect(program).to.equal('/usr/bin/node');
    expect(existsSync(join(root, args.at(-1) ?? ''))).to.equal(true);
  });

  it('gives a gateway time to drain, and descriptors for as many sockets as it accepts', () => {
    const { drainDelayMs, drainMs, maxConnections } = loadGatewayConfig({ JWT_SECRET });
    expect(Number(only('TimeoutStopSec')) * 1_000).to.be.at.least(drainDelayMs + drainMs + 5_000);
    const capacity = descriptorsForConnections(Number(only('LimitNOFILE')));
    expect(servedConnections(capacity)).to.be.at.least(maxConnections);
  });

  it('has the instances of the guide, and haproxy.cfg has a server for each', () => {
    const guide = readFileSync(join(root, 'docs/how-to/one-big-machine.md'), 'utf8');
    const [, started = ''] = /^ +systemctl enable --now (chorus-gateway@.+)$/m.exec(guide) ?? [];
    const ports = [...started.matchAll(/chorus-gateway@(\d+)/g)].map(([, port]) => port);
    expect(ports).to.have.length.above(1);
    const [, backend = ''] = /^backend gateways\n((?: {4}.*\n)+)/m.exec(deployFile('haproxy.cfg')) ?? [];
    const servers = [...backend.matchAll(/^ {4}# (server \S+ 127\.0\.0\.1:\d+)$/gm)].map(([, line]) => line);
    expect(servers).to.deep.equal(ports.map((port) => `server gateway-${port} 127.0.0.1:${port}`));
  });
});
