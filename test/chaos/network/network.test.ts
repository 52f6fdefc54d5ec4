import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { Network } from './network.js';

const WAY = 'gateway-1:redis';

describe('the network between processes and servers', () => {
  let network: Network;
  let server: Server;
  let port: number;
  const clients: Socket[] = [];

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    network = new Network();
    await network.point('redis', (server.address() as AddressInfo).port);
    port = await network.portFor('gateway-1', 'redis');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await network.trouble([WAY], undefined, true);
  });
  after(async () => {
    await network.close();
    server.close();
  });

  /** What a client has received so far, and whether its connection has ended. */
  const open = async (): Promise<{ socket: Socket; received: () => string; ended: () => boolean }> => {
    const socket = connect({ host: '127.0.0.1', port });
    clients.push(socket);
    let text = '';
    let ended = false;
    socket.on('data', (data) => {
      text += String(data);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      ended = true;
    });
    await once(socket, 'connect');
    return { socket, received: () => text, ended: () => ended };
  };

  it('passes on data, by one port for each process and server', async () => {
    const { socket, received } = await open();
    socket.write('hello');
    await eventually(() => expect(received()).to.equal('hello'));
    expect(await network.portFor('gateway-1', 'redis')).to.equal(port);
    expect(await network.portFor('gateway-2', 'redis')).to.not.equal(port);
    const url = await network.urlFor('gateway-1', 'redis', 'redis://:secret@127.0.0.1:1/2');
    expect(url).to.equal(`redis://:secret@127.0.0.1:${port}/2`);
  });

  for (const [requests, answers] of [
    [true, true],
    [true, false],
    [false, true],
  ] as const) {
    it(`holds back ${requests ? 'requests' : ''} ${answers ? 'answers' : ''} and passes them on afterwards`, async () => {
      const { socket, received, ended } = await open();
      socket.write('before ');
      await eventually(() => expect(received()).to.equal('before '));
      await network.trouble([WAY], { kind: 'silent', requests, answers });
      socket.write('meanwhile');
      // Another connection is not disturbed: when its data has arrived, that of this one would have arrived too.
      const other = connect({ host: '127.0.0.1', port: await network.portFor('gateway-2', 'redis') });
      clients.push(other);
      other.write('x');
      await once(other, 'data');
      expect(received()).to.equal('before ');
      await network.trouble([WAY], undefined);
      await eventually(() => expect(received()).to.equal('before meanwhile'));
      expect(ended()).to.equal(false);
    });
  }

  it('keeps the order of what it delays', async () => {
    await network.trouble([WAY], { kind: 'slow', fromMs: 1, toMs: 60 });
    const { socket, received } = await open();
    const words = Array.from({ length: 20 }, (_, index) => `${index} `);
    for (const word of words) {
      socket.write(word);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(received()).to.equal(words.join('')));
  });

  it('tears a connection within the bytes of a message', async () => {
    const { socket, received, ended } = await open();
    await network.trouble([WAY], { kind: 'torn', share: 1 });
    socket.write('0123456789');
    await eventually(() => expect(ended()).to.equal(true));
    expect('01234').to.include(received());
  });

  it('refuses new connections and resets open ones, and is at its old port afterwards', async () => {
    const { ended } = await open();
    await network.trouble([WAY], { kind: 'refusing' });
    await eventually(() => expect(ended()).to.equal(true));
    const refused = connect({ host: '127.0.0.1', port });
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
    await network.trouble([WAY], undefined);
    const { socket, received } = await open();
    socket.write('back');
    await eventually(() => expect(received()).to.equal('back'));
  });

  it('redirects new connections and leaves open ones', async () => {
    const { socket, received } = await open();
    // Its connection to the server exists when something has come back.
    socket.write('hello, ');
    await eventually(() => expect(received()).to.equal('hello, '));
    const other = createServer((client) => client.end('another server'));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const before = (server.address() as AddressInfo).port;
    try {
      await network.point('redis', (other.address() as AddressInfo).port);
      const fresh = await open();
      await eventually(() => expect(fresh.received()).to.equal('another server'));
      socket.write('still here');
      await eventually(() => expect(received()).to.equal('hello, still here'));
    } finally {
      await network.point('redis', before);
      other.close();
    }
  });
});
