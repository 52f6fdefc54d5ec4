import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { Closer } from '../process/closer.js';
import { limitConnections } from './limited-server.js';

describe('a server with a limit on connections', () => {
  let closer: Closer;
  beforeEach(() => {
    closer = new Closer();
  });
  afterEach(() => closer.close());

  async function start(capacity: number, byAddress: boolean): Promise<number> {
    const server = createServer((request: IncomingMessage, response) => {
      response.writeHead(refuses(request) ? 503 : 200).end();
    });
    const refuses = limitConnections(server, { capacity, byAddress, log: { warn: () => undefined } });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closer.defer(() => {
      server.close();
      server.closeAllConnections();
    });
    return (server.address() as AddressInfo).port;
  }

  async function open(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    closer.defer(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  /** Resolves with the status of the answer, or undefined if the connection was closed without one. */
  async function ask(socket: Socket): Promise<number | undefined> {
    const answer = Promise.race([once(socket, 'data'), once(socket, 'close')]);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [data] = await answer;
    return Buffer.isBuffer(data) ? Number(data.toString().split(' ')[1]) : undefined;
  }

  it('answers 503 to connections beyond it, closes those beyond that, and recovers', async () => {
    const port = await start(8, false);
    const served: Socket[] = [];
    for (let count = 0; count < 7; count++) {
      served.push(await open(port));
      expect(await ask(served[count] as Socket)).to.equal(200);
    }
    const refused = await open(port);
    expect(await ask(refused)).to.equal(503);
    expect(await ask(await open(port))).to.equal(undefined);
    for (const socket of served) expect(await ask(socket)).to.equal(200);
    served[0]?.destroy();
    refused.destroy();
    for (;;) if ((await ask(await open(port))) === 200) break;
  });

  it('closes a connection over the limit that sends no request', async () => {
    const port = await start(8, false);
    for (let count = 0; count < 7; count++) await open(port);
    await once((await open(port)).resume(), 'close');
  });

  it('closes silent connections of an address that has half of them, and serves those with requests', async () => {
    const port = await start(100, true);
    const silent: Socket[] = [];
    let closed = 0;
    for (let count = 0; count < 80; count++) {
      const socket = await open(port);
      socket.resume().once('close', () => closed++);
      silent.push(socket);
    }
    while (closed < 30) await new Promise(setImmediate);
    const rest = silent.filter((socket) => !socket.closed);
    expect(rest.length).to.be.within(49, 51);
    for (const socket of rest) expect(await ask(socket)).to.equal(200);
    expect(await ask(await open(port))).to.equal(200);
  });
});
