import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Handshake } from '../../dialect.js';
import { type SocketOptions, WebSocketClient } from './web-socket.js';

const PLAIN: Handshake = { path: '/room?x=1', headers: { 'X-Who': 'ann' }, protocols: [] };

/** A client that keeps what it received. */
class TestClient {
  readonly received: string[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; why: string }>;
  readonly socket: WebSocketClient;
  #waiting: Array<{ count: number; resolve: () => void }> = [];

  constructor(port: number, handshake: Handshake = PLAIN, options: SocketOptions = {}) {
    let opened = (): void => undefined;
    let closed = (_end: { code: number; why: string }): void => undefined;
    this.opened = new Promise((resolve) => {
      opened = resolve;
    });
    this.closed = new Promise((resolve) => {
      closed = resolve;
    });
    const handlers = {
      opened,
      received: (bytes: Buffer, start: number, end: number) => {
        this.received.push(bytes.toString('utf8', start, end));
        for (const { count, resolve } of this.#waiting) if (this.received.length >= count) resolve();
      },
      closed: (code: number, why: string) => closed({ code, why }),
    };
    this.socket = new WebSocketClient(new URL(`ws://127.0.0.1:${port}`), handshake, handlers, options);
  }

  /** Resolves when this number of messages has arrived. */
  has(count: number): Promise<void> {
    if (this.received.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}

describe('the light WebSocket client', () => {
  let server: WebSocketServer;
  let port: number;
  const clients: TestClient[] = [];

  before(async () => {
    server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      handleProtocols: (offered) => (offered.has('chorus.v1') ? 'chorus.v1' : false),
    });
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.socket.cut();
  });

  after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  async function pair(handshake = PLAIN, options: SocketOptions = {}) {
    const arrival = once(server, 'connection') as Promise<[WebSocket, IncomingMessage]>;
    const client = new TestClient(port, handshake, options);
    clients.push(client);
    const [[peer, request]] = await Promise.all([arrival, client.opened]);
    return { client, peer, request };
  }

  it('requests the path with its headers and protocols', async () => {
    const { request, peer } = await pair({ ...PLAIN, protocols: ['other', 'chorus.v1'] });
    expect(request.url).to.equal('/room?x=1');
    expect(request.headers['x-who']).to.equal('ann');
    expect(request.headers.host).to.equal(`127.0.0.1:${port}`);
    expect(peer.protocol).to.equal('chorus.v1');
  });

  for (const length of [0, 1, 125, 126, 65_535, 65_536, 1_000_003]) {
    it(`sends and receives messages of ${length} characters`, async () => {
      const { client, peer } = await pair();
      const text = 'käse~'.repeat(length).slice(0, length);
      const heard = once(peer, 'message') as Promise<[Buffer]>;
      client.socket.send(text);
      expect((await heard)[0].toString()).to.equal(text);
      peer.send(text);
      peer.send('after');
      await client.has(2);
      expect(client.received).to.deep.equal([text, 'after']);
    });
  }

  it('assembles fragments, also with pings between them', async () => {
    const { client, peer } = await pair();
    const ponged = once(peer, 'pong') as Promise<[Buffer]>;
    peer.send('one ', { fin: false });
    peer.ping('still there?');
    peer.send('two ', { fin: false });
    peer.send('three', { fin: true });
    peer.send('four');
    await client.has(2);
    expect(client.received).to.deep.equal(['one two three', 'four']);
    expect((await ponged)[0].toString()).to.equal('still there?');
  });

  it('answers a close frame and reports its code and reason', async () => {
    const { client, peer } = await pair();
    const answered = once(peer, 'close') as Promise<[number]>;
    peer.close(4408, 'reading too slowly');
    expect(await client.closed).to.deep.equal({ code: 4408, why: 'reading too slowly' });
    expect((await answered)[0]).to.equal(4408);
    expect(client.socket.open).to.equal(false);
  });

  it('reports a close frame without a code as 1005', async () => {
    const { client, peer } = await pair();
    peer.close();
    expect((await client.closed).code).to.equal(1005);
  });

  it('reports a connection that ends without a close frame as 1006', async () => {
    const { client, peer } = await pair();
    peer.terminate();
    expect((await client.closed).code).to.equal(1006);
  });

  it('closes with or without a close frame, and receives nothing afterwards', async () => {
    for (const [end, code] of [['close', 1000] as const, ['cut', 1006] as const]) {
      const { client, peer } = await pair();
      const closed = once(peer, 'close') as Promise<[number]>;
      let told = false;
      void client.closed.then(() => {
        told = true;
      });
      client.socket[end]();
      expect((await closed)[0]).to.equal(code);
      await new Promise((resolve) => setImmediate(resolve));
      expect(told).to.equal(false);
    }
  });

  it('stops reading after a read when it is lazy, and continues after `resume`', async () => {
    const { client, peer } = await pair(PLAIN, { lazy: true });
    client.socket.resume();
    peer.send('first');
    await client.has(1);
    peer.send('second');
    peer.send('third');
    // By now they would have been read: the server sends this answer later, on another connection.
    const other = await pair();
    other.peer.send('meanwhile');
    await other.client.has(1);
    expect(client.received).to.deep.equal(['first']);
    client.socket.resume();
    await client.has(2);
  });

  it("fails with the system's reason where no server listens", async () => {
    const none = createServer().listen(0, '127.0.0.1');
    await once(none, 'listening');
    const closedPort = (none.address() as AddressInfo).port;
    none.close();
    await once(none, 'close');
    const { code, why } = await new TestClient(closedPort).closed;
    expect({ code, why }).to.deep.equal({ code: 1006, why: 'ECONNREFUSED' });
  });

  describe('at the upgrade', () => {
    let raw: Server;
    let answer: (socket: Socket, request: string) => void;

    beforeEach(async () => {
      raw = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', (data) => answer(socket, data.toString()));
      });
      raw.listen(0, '127.0.0.1');
      await once(raw, 'listening');
    });

    afterEach(() => raw.close());

    const connect = (handshake = PLAIN): TestClient => {
      const client = new TestClient((raw.address() as AddressInfo).port, handshake);
      clients.push(client);
      return client;
    };

    const refusals: Array<[string, string, string]> = [
      [
        'a refusal with the error in its body',
        'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 23\r\n\r\n{"error":"not ready"}  ',
        'HTTP 503 not ready',
      ],
      ['a refusal without a body', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 'HTTP 404'],
      [
        'a 101 for another client',
        'HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
        'the answer is to another upgrade',
      ],
      [
        'a 101 that is no WebSocket',
        'HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
        'the answer is no upgrade to a WebSocket',
      ],
      ['something that is no HTTP', 'SSH-2.0-hello\r\n\r\n', 'the answer to the upgrade is no HTTP/1.1'],
    ];
    for (const [what, text, why] of refusals) {
      it(`reports ${what}`, async () => {
        answer = (socket) => socket.write(text);
        expect(await connect().closed).to.deep.equal({ code: 1006, why });
      });
    }

    it('reports a server that closes the connection', async () => {
      answer = (socket) => socket.end('HTTP/1.1 101');
      expect(await connect().closed).to.deep.equal({ code: 1006, why: 'closed during the upgrade' });
    });

    it('reports a server that selects none of the protocols', async () => {
      const { closed } = new TestClient(port, { ...PLAIN, protocols: ['other'] });
      expect((await closed).why).to.equal('the server speaks none of the protocols');
    });
  });
});
