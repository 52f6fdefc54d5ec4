import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Closer } from '@chorus/service';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { freePort } from '../processes/free-port.js';
import { type Balancer, startBalancer } from './balancer.js';

/** Answers every request with its name and what it received; echoes on every WebSocket. */
async function startUpstream(name: string) {
  const state = { ready: true };
  const server: Server = createServer(async (request, response) => {
    if (request.url === '/readyz') {
      response.writeHead(state.ready ? 200 : 503).end();
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.writeHead(url?.includes('missing') ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ name, method, url, body, headers }));
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (request.url?.includes('refused')) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 15\r\n\r\n{"error":"not"}');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.send(name);
      ws.on('message', (data) => ws.send(String(data)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clients: sockets.clients,
    state,
    async close() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      if (server.listening) await once(server, 'close');
    },
  };
}

type Upstream = Awaited<ReturnType<typeof startUpstream>>;

interface Echo {
  name: string;
  method: string;
  url: string;
  body: string;
  headers: Record<string, string>;
}

const fetchEcho = async (url: string, init?: RequestInit): Promise<Echo> =>
  (await (await fetch(url, init)).json()) as Echo;

/** Opens a WebSocket; resolves with its first message, or with the status of a refusal. */
async function open(url: string): Promise<{ ws: WebSocket; first: string | number }> {
  const ws = new WebSocket(url.replace('http', 'ws'));
  ws.on('error', () => {});
  const first = await new Promise<string | number>((resolve) => {
    ws.once('message', (data) => resolve(String(data)));
    ws.once('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  return { ws, first };
}

describe('the balancer', () => {
  let closer: Closer;
  let apis: [Upstream, Upstream];
  let gateways: [Upstream, Upstream];
  let balancer: Balancer;

  beforeEach(async () => {
    closer = new Closer();
    const add = async (name: string) => closer.add(await startUpstream(name));
    apis = [await add('api-1'), await add('api-2')];
    gateways = [await add('gateway-1'), await add('gateway-2')];
    balancer = closer.add(
      await startBalancer({
        port: 0,
        host: '127.0.0.1',
        apis: apis.map(({ url }) => url),
        gateways: gateways.map(({ url }) => url),
      }),
    );
  });

  afterEach(() => closer.close());

  it('distributes requests to the APIs in turn', async () => {
    const names = [];
    for (let n = 0; n < 4; n++) names.push((await fetchEcho(`${balancer.url}/ws/get-rooms`)).name);
    expect(names.filter((name) => name === 'api-1')).to.have.length(2);
    expect(names.filter((name) => name === 'api-2')).to.have.length(2);
  });

  it('forwards method, path, query, body, status and cookies unchanged', async () => {
    const body = 'x'.repeat(200_000);
    const response = await fetch(`${balancer.url}/api/missing?a=b%20c`, { method: 'POST', body });
    const echo = (await response.json()) as Echo;
    expect(response.status).to.equal(404);
    expect(response.headers.getSetCookie()).to.deep.equal(['a=1', 'b=2']);
    expect(echo).to.include({ method: 'POST', url: '/api/missing?a=b%20c', body });
  });

  it('forwards joins to the gateways, upgraded or not', async () => {
    const { ws, first } = await open(`${balancer.url}/ws/join-room/1?userId=1`);
    expect(first).to.match(/^gateway-/);
    ws.send('hello');
    expect(String((await once(ws, 'message'))[0])).to.equal('hello');
    ws.close();
    expect((await fetchEcho(`${balancer.url}/ws/join-room/1`)).name).to.match(/^gateway-/);
    expect((await fetchEcho(`${balancer.url}/ws/connect`)).name).to.match(/^gateway-/);
    expect((await fetchEcho(`${balancer.url}/ws/connections`)).name).to.match(/^api-/);
  });

  it('forwards a refused upgrade with its status', async () => {
    const { first } = await open(`${balancer.url}/ws/join-room/refused`);
    expect(first).to.equal(403);
  });

  it("reports the client's address, whatever the client claims", async () => {
    const { headers } = await fetchEcho(`${balancer.url}/`, { headers: { 'x-forwarded-for': '1.2.3.4' } });
    expect(headers['x-forwarded-for']).to.equal('127.0.0.1');
  });

  it('skips a process that has ended, without losing a request', async () => {
    await apis[0].close();
    await gateways[0].close();
    for (let n = 0; n < 4; n++) {
      const echo = await fetchEcho(`${balancer.url}/`, { method: 'POST', body: 'kept' });
      expect(echo).to.include({ name: 'api-2', body: 'kept' });
      const { ws, first } = await open(`${balancer.url}/ws/join-room/1`);
      expect(first).to.equal('gateway-2');
      ws.close();
    }
  });

  it('skips processes that are not ready, as long as others are', async () => {
    const joins = async (): Promise<string[]> => {
      const names: string[] = [];
      for (let n = 0; n < 4; n++) {
        const { ws, first } = await open(`${balancer.url}/ws/join-room/1`);
        names.push(String(first));
        ws.close();
      }
      return [...new Set(names)].sort();
    };
    const become = async (names: string[]): Promise<void> => {
      while (String(await joins()) !== String(names)) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await joins()).to.deep.equal(names);
    };
    gateways[0].state.ready = false;
    await become(['gateway-2']);
    gateways[1].state.ready = false;
    await become(['gateway-1', 'gateway-2']);
    gateways[0].state.ready = true;
    await become(['gateway-1']);
  });

  it('answers 503 with an error when no process is left', async () => {
    for (const upstream of [...apis, ...gateways]) await upstream.close();
    const response = await fetch(balancer.url);
    expect(response.status).to.equal(503);
    expect(response.headers.get('retry-after')).to.equal('1');
    const error = 'no API is reachable';
    expect(await response.json()).to.deep.equal({ error, code: 'upstream_unavailable' });
    const original = await fetch(`${balancer.url}/ws/get-rooms`);
    expect(await original.json()).to.deep.equal({ error });
    expect((await open(`${balancer.url}/ws/join-room/1`)).first).to.equal(503);
  });

  it('closes a client when its gateway dies, and a gateway socket when its client dies', async () => {
    const { ws } = await open(`${balancer.url}/ws/join-room/1`);
    for (const upstream of gateways) for (const client of upstream.clients) client.terminate();
    const [code] = await once(ws, 'close');
    expect(code).to.equal(1006);

    const other = await open(`${balancer.url}/ws/join-room/1`);
    const [served] = gateways.flatMap((upstream) => [...upstream.clients]);
    other.ws.terminate();
    if (served === undefined) expect.fail('no gateway has the socket');
    await once(served, 'close');
  });

  it('sends new requests to new targets, and keeps open connections', async () => {
    const { ws } = await open(`${balancer.url}/ws/join-room/1`);
    balancer.setTargets({ apis: [apis[1].url], gateways: [gateways[1].url] });
    expect((await fetchEcho(balancer.url)).name).to.equal('api-2');
    expect((await fetchEcho(balancer.url)).name).to.equal('api-2');
    ws.send('still here');
    expect(String((await once(ws, 'message'))[0])).to.equal('still here');
    ws.close();
  });

  it('ends open sockets when it closes', async () => {
    const { ws } = await open(`${balancer.url}/ws/join-room/1`);
    const closed = once(ws, 'close');
    await balancer.close();
    await closed;
  });

  it('reports in one line that its port is taken', async () => {
    const error = await startBalancer({ port: balancer.port, host: '127.0.0.1' }).catch((e: unknown) => e);
    expect(error).to.have.property('name', 'StartError');
    expect(error).to.have.property('message', `port ${balancer.port} is already in use`);
  });
});

describe('freePort', () => {
  it('never returns one port twice', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    expect(new Set(ports).size).to.equal(50);
  });
});
