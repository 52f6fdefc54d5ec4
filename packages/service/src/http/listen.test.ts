import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { Closer } from '../process/closer.js';
import { type ListenAddress, type Listener, listen } from './listen.js';
import { createHttpServer } from './server.js';

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1');
const LOOPBACK = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

describe('a server that listens on localhost', () => {
  let closer: Closer;
  beforeEach(() => {
    closer = new Closer();
  });
  afterEach(() => closer.close());

  const LOCALHOST: ListenAddress = { host: 'localhost', port: 0 };

  async function start(address = LOCALHOST, capacity = 100): Promise<Listener & { server: Server }> {
    const server = createHttpServer(({ url }, response) => url === '/' && response.end('here'), {
      connections: { capacity, byAddress: false, log: { warn: () => undefined } },
    });
    const listener = await listen(server, address);
    closer.defer(async () => {
      const closed = listener.close();
      server.closeAllConnections();
      await closed;
    });
    return { ...listener, server };
  }

  const url = (host: string, port: number): string =>
    host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`;
  const get = async (host: string, port: number): Promise<string> =>
    (await fetch(url(host, port), { headers: { connection: 'close' } })).text();

  async function open(host: string, port: number): Promise<Socket> {
    const socket = connect(port, host).on('error', () => undefined);
    closer.defer(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  async function isReachable(host: string, port: number): Promise<boolean> {
    const socket = connect(port, host);
    const reached = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    return reached;
  }

  it('is reachable at all loopback addresses, and by name', async () => {
    const { port } = await start();
    for (const host of [...LOOPBACK, 'localhost']) expect(await get(host, port), host).to.equal('here');
  });

  it('finds a port that is free at all of them', async () => {
    const ports = new Set<number>();
    for (let count = 0; count < 20; count++) ports.add((await start()).port);
    expect(ports.size).to.equal(20);
  });

  for (const taken of LOOPBACK) {
    it(`does not start at all when its port is taken at ${taken}`, async () => {
      const blocker = createServer().listen(0, taken);
      await once(blocker, 'listening');
      closer.defer(() => void blocker.close());
      const { port } = blocker.address() as AddressInfo;
      const failure = await start({ host: 'localhost', port }).catch((error: unknown) => error);
      expect(failure).to.have.property('code', 'EADDRINUSE');
      for (const host of LOOPBACK) expect(await isReachable(host, port), host).to.equal(host === taken);
    });
  }

  it('has one limit for the connections of all of them', async () => {
    const { port } = await start(LOCALHOST, 6);
    const served: Socket[] = [];
    for (let count = 0; count < 6; count++)
      served.push(await open(LOOPBACK[count % LOOPBACK.length] as string, port));
    for (const host of LOOPBACK) {
      const beyond = (await open(host, port)).resume();
      await once(beyond, 'close');
    }
    expect(served.filter((socket) => socket.closed)).to.deep.equal([]);
  });

  it('is closed when the last connection of any of them has ended', async () => {
    for (const host of LOOPBACK) {
      const { port, close, server } = await start();
      const socket = await open(host, port);
      socket.write('GET /unanswered HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(server, 'request');
      let isClosed = false;
      const closed = close().then(() => {
        isClosed = true;
      });
      while (await isReachable(host, port));
      expect(isClosed, host).to.equal(false);
      socket.destroy();
      await closed;
    }
  });

  it('listens on a single address when given one', async () => {
    const { port } = await start({ host: '127.0.0.1', port: 0 });
    expect(await get('127.0.0.1', port)).to.equal('here');
    if (hasIpv6) expect(await isReachable('::1', port)).to.equal(false);
  });
});
