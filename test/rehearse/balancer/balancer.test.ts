import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { freePort } from '@chorus/local';
import { StartError } from '@chorus/service';
import { expect } from 'chai';
import { SHIPPED_HAPROXY_CFG, SHIPPED_NGINX_CONF } from '../files.js';
import { balancersHere } from '../testing/balancers.js';
import { type BackendGateway, processesFor } from './balancer.js';
import { haproxyConfig } from './haproxy.js';
import { type BalancerKind, startRealBalancer } from './index.js';
import { nginxConfig } from './nginx.js';

const gateways = [
  { nodeId: 'a', port: 5001 },
  { nodeId: 'b', port: 5002 },
];

describe('the shipped HAProxy configuration', () => {
  const place = { folder: '/tmp/x', port: 1234, maxconn: 99, gateways };

  it('is rehearsed with other addresses, and with unchanged settings for sockets', async () => {
    const shipped = await readFile(SHIPPED_HAPROXY_CFG, 'utf8');
    const text = haproxyConfig(shipped, place);
    const backend = (all: string) => /^backend gateways\n(?: {4}.*\n)+/m.exec(all)?.[0].split('\n') ?? [];
    const kept = backend(shipped).filter((line) => !line.includes('server-template'));
    expect(kept).to.have.length.greaterThan(5);
    expect(backend(text)).to.include.members([
      ...kept,
      '    server a 127.0.0.1:5001',
      '    server b 127.0.0.1:5002',
    ]);
    expect(text)
      .to.include('balance leastconn')
      .and.not.to.match(/:8080|:8081|server-template/);
  });

  it('fails the rehearsal when it changes unnoticed', async () => {
    const shipped = await readFile(SHIPPED_HAPROXY_CFG, 'utf8');
    for (const part of ['backend gateways', 'bind :8080', 'fd-hard-limit', 'server-template gateway']) {
      const wrong = shipped.replaceAll(part, 'something else');
      expect(() => haproxyConfig(wrong, place), part).to.throw(StartError, 'deploy/haproxy.cfg');
    }
  });
});

describe('the shipped nginx configuration', () => {
  const place = { folder: '/tmp/x', port: 1234, workers: 3, generation: 7 };

  it('is rehearsed with other addresses and no other relevant change', async () => {
    const shipped = await readFile(SHIPPED_NGINX_CONF, 'utf8');
    const text = nginxConfig(shipped, { ...place, gateways });
    const lines = (all: string) => all.split('\n').map((line) => line.trim());
    const gone = lines(shipped).filter((line) => !lines(text).includes(line));
    for (const line of gone) {
      expect(line).to.match(/^(worker_\w+ |listen 8080|server 127\.0\.0\.1:400\d )/);
    }
    expect(text).to.include('server 127.0.0.1:5001 max_fails=0;').and.to.include('server 127.0.0.1:5002 ');
    expect(text).not.to.match(/127\.0\.0\.1:400\d/);
  });

  it('fails the rehearsal when it changes unnoticed', () => {
    const wrong = 'worker_processes auto;\nhttp {\n}\n';
    expect(() => nginxConfig(wrong, { ...place, gateways })).to.throw(StartError, 'deploy/nginx.conf');
  });
});

describe('a real balancer', function () {
  this.timeout(60_000);
  const servers: Server[] = [];
  let kinds: readonly BalancerKind[];

  before(async () => {
    kinds = await balancersHere();
  });

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that answers every request with its name. */
  async function startNamed(nodeId: string): Promise<BackendGateway> {
    const port = await freePort();
    const server = createServer((_, response) => response.end(nodeId));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return { nodeId, port };
  }

  async function whoAnswers(target: string): Promise<string[]> {
    const names = new Set<string>();
    for (let time = 0; time < 20; time++) {
      const response = await fetch(`${target.replace('ws:', 'http:')}/ws/connect`);
      expect(response.status).to.equal(200);
      names.add(await response.text());
    }
    return [...names].sort();
  }

  it('sends sockets to the given gateways, and to others when these change', async () => {
    for (const kind of kinds) {
      const [a, b] = [await startNamed('a'), { nodeId: 'b', port: await freePort() }];
      const balancer = await startRealBalancer(kind, { gateways: [a, b], spares: false, connections: 100 });
      const [target = ''] = balancer.targets;
      await balancer.route([a]);
      expect(await whoAnswers(target), kind).to.deep.equal(['a']);
      const server = servers.at(-1);
      await new Promise<void>((resolve) => {
        servers.push(createServer((_, response) => response.end('b')).listen(b.port, '127.0.0.1', resolve));
      });
      await balancer.route([a, b]);
      expect(await whoAnswers(target), kind).to.deep.equal(['a', 'b']);
      server?.close();
      server?.closeAllConnections();
      await balancer.route([b]);
      expect(await whoAnswers(target), kind).to.deep.equal(['b']);
      await balancer.close();
    }
  });

  it('finds new gateways by itself that it knew before they started', async () => {
    for (const kind of kinds) {
      const [a, b] = [await startNamed('a'), { nodeId: 'b', port: await freePort() }];
      const balancer = await startRealBalancer(kind, { gateways: [a, b], spares: true, connections: 100 });
      const [target = ''] = balancer.targets;
      await balancer.route([a]);
      expect(await whoAnswers(target), kind).to.deep.equal(['a']);
      await new Promise<void>((resolve) => {
        servers.push(createServer((_, response) => response.end('b')).listen(b.port, '127.0.0.1', resolve));
      });
      const deadline = Date.now() + 10_000;
      let names: string[] = [];
      while (names.length < 2 && Date.now() < deadline) names = await whoAnswers(target);
      expect(names, kind).to.deep.equal(['a', 'b']);
      await balancer.close();
    }
  });

  it('has as many processes as its sockets need descriptors', () => {
    const { each } = processesFor(1);
    expect(processesFor(each)).to.deep.equal({ processes: 1, each });
    expect(processesFor(each + 1).processes).to.equal(2);
  });
});
