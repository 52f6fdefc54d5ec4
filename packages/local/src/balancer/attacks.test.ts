import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Closer, createHttpServer, type UpgradeHandler } from '@chorus/service';
import { openSockets, RawClient, statusOf, untilSockets } from '@chorus/service/raw-client';
import { expect } from 'chai';
import { type Balancer, type BalancerOptions, startBalancer } from './balancer.js';

const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const JOIN = ['GET /ws/join-room/1 HTTP/1.1', 'Host: chat', ...WEBSOCKET];
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const MEGABYTE = 1024 * 1024;

describe('the balancer under attack', () => {
  let closer: Closer;
  let balancer: Balancer;
  let asked: IncomingMessage[];
  let answer: RequestListener;
  let onUpgrade: UpgradeHandler;

  beforeEach(() => {
    closer = new Closer();
    asked = [];
    answer = (request, response) =>
      void request.resume().once('end', () => response.end(`${request.url} done`));
    // Echoes.
    onUpgrade = (_, socket) => {
      socket.write(SWITCHED);
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    };
  });
  afterEach(() => closer.close());

  async function upstream(): Promise<string> {
    const handler: RequestListener = (request, response) => {
      if (request.url === '/readyz') return void response.end();
      asked.push(request);
      answer(request, response);
    };
    const webSocket: UpgradeHandler = (request, socket, head) => {
      asked.push(request);
      onUpgrade(request, socket, head);
    };
    const server: Server = createHttpServer(handler, { webSocket });
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closer.defer(async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function start(options: Partial<BalancerOptions> = {}): Promise<void> {
    const url = await upstream();
    const targets = { apis: [url], gateways: [url] };
    balancer = closer.add(await startBalancer({ port: 0, host: '127.0.0.1', ...targets, ...options }));
  }

  const ask = (lines: readonly string[], body = ''): Promise<string> =>
    RawClient.ask(balancer.url, lines, body);
  const open = (): Promise<RawClient> => RawClient.open(balancer.url);

  function expectError(text: string, status: number): void {
    expect(statusOf(text)).to.equal(status);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))).to.have.all.keys('error');
  }

  /** Does it many times, some at once, and finds as many connections afterwards as before. */
  async function expectNothingLeft(times: number, attack: (n: number) => Promise<void>): Promise<void> {
    await attack(0);
    const before = await untilSockets(openSockets());
    for (let n = 0; n < times; n += 25) {
      await Promise.all(Array.from({ length: 25 }, (_, index) => attack(n + index)));
    }
    // Those by which the balancer asks whether processes are ready come and go.
    expect(await untilSockets(before + 2)).to.be.at.most(before + 2);
  }

  describe('does not pass on', () => {
    beforeEach(() => start());

    for (const [what, status, lines] of [
      ['an upgrade without Host', 400, JOIN.filter((line) => line !== 'Host: chat')],
      ['an upgrade with two Hosts', 400, [...JOIN, 'Host: other']],
      ['an upgrade with 200 headers', 431, [...JOIN, ...Array.from({ length: 200 }, (_, n) => `x${n}: 1`)]],
      ['a request without Host', 400, ['GET / HTTP/1.1']],
      ['two lengths', 400, ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Content-Length: 2']],
      [
        'a length and chunks',
        400,
        ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 4', 'Transfer-Encoding: chunked'],
      ],
      [
        'chunks that are not the last coding',
        400,
        ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked, x'],
      ],
      ['a length with a space before its colon', 400, ['POST / HTTP/1.1', 'Host: a', 'Content-Length : 4']],
      ['headers of 20 KiB', 431, ['GET / HTTP/1.1', 'Host: a', `X: ${'x'.repeat(20_000)}`]],
      ['CONNECT', 405, ['CONNECT 127.0.0.1:22 HTTP/1.1', 'Host: 127.0.0.1:22']],
      ['what is not HTTP', 400, ['hello']],
      ['HTTP/2', 400, ['PRI * HTTP/2.0', '', 'SM']],
    ] satisfies [string, number, string[]][])
      it(`${what}: ${status}, and the connection ends`, async () => {
        expectError(await ask(lines), status);
        expect(asked).to.deep.equal([]);
      });

    it('a request hidden in the body of another', async () => {
      const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n';
      await ask(
        ['GET / HTTP/1.1', 'Host: a', 'Connection: close', `Content-Length: ${hidden.length}`],
        hidden,
      );
      const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
      await ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close', 'Transfer-Encoding: chunked'], chunk);
      await ask(
        [
          'POST / HTTP/1.1',
          'Host: a',
          'Connection: close, Content-Length',
          `Content-Length: ${hidden.length}`,
        ],
        hidden,
      );
      expect(asked.map(({ url }) => url)).to.deep.equal(['/', '/', '/']);
    });

    it('a request behind an upgrade that is refused', async () => {
      onUpgrade = (_, socket) => void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      const text = await ask(JOIN, 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(statusOf(text)).to.equal(403);
      expect(text).to.match(/connection: close/i);
      expect(asked.map(({ url }) => url)).to.deep.equal(['/ws/join-room/1']);
    });

    it('what a client says of its address', async () => {
      const lies = ['X-Forwarded-For: 1.2.3.4', 'x-forwarded-for: 5.6.7.8', 'Forwarded: for=1.2.3.4'];
      const more = ['X-Forwarded-Host: evil', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 1'];
      await ask(['GET / HTTP/1.1', 'Host: chat', 'Connection: close', ...lies, ...more]);
      (await open()).send([...JOIN, ...lies, ...more]);
      while (asked.length < 2) await new Promise(setImmediate);
      for (const { headers } of asked) {
        expect(headers).to.include({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'chat' });
        expect(headers).to.include({ 'x-forwarded-proto': 'http' });
        expect(headers).not.to.have.any.keys('forwarded', 'x-forwarded-port');
      }
    });
  });

  describe('takes for an ordinary request', () => {
    beforeEach(() => start());

    it('an upgrade to anything but WebSocket, with its body', async () => {
      const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
      const client = await open();
      for (let n = 0; n < 20; n++) {
        client.text = '';
        client.send([`POST /h2c/${n} HTTP/1.1`, 'Host: a', ...h2c, 'Content-Length: 4'], 'body');
        expect(statusOf(await client.until(`/h2c/${n} done`))).to.equal(200);
      }
      client.text = '';
      client.send(['GET /after HTTP/1.1', 'Host: a']);
      await client.until('/after done');
      client.socket.destroy();
      for (const { headers } of asked) expect(headers).not.to.have.any.keys('upgrade', 'http2-settings');
    });

    it('a WebSocket that is not asked for with GET, or over HTTP/1.0', async () => {
      const post = ['POST /post HTTP/1.1', 'Host: a', ...WEBSOCKET, 'Content-Length: 0'];
      expect(statusOf(await (await open()).send(post).until('done'))).to.equal(200);
      expect(statusOf(await ask(['GET /old HTTP/1.0', 'Host: a', ...WEBSOCKET]))).to.equal(200);
      expect(asked.map(({ url }) => url)).to.deep.equal(['/post', '/old']);
    });

    it('an absolute target', async () => {
      await ask(['GET http://chat.example:81/api/x?y=http://z HTTP/1.1', 'Host: other', 'Connection: close']);
      await ask(['GET http://chat.example HTTP/1.1', 'Host: other', 'Connection: close']);
      expect(asked.map(({ url, headers }) => [url, headers.host])).to.deep.equal([
        ['/api/x?y=http://z', 'chat.example:81'],
        ['/', 'chat.example'],
      ]);
    });
  });

  it('lets an answer through that comes before the body has been sent', async () => {
    await start();
    for (const close of [{}, { Connection: 'close' }])
      for (const framing of ['Content-Length', 'chunks']) {
        answer = (request, response) => {
          request.once('data', () => {
            request.pause();
            response.writeHead(413, { 'Content-Length': 5, ...close }).end('large');
          });
        };
        for (let n = 0; n < 5; n++) {
          const client = await open();
          const body = 'x'.repeat(3 * MEGABYTE);
          const head = ['POST /api/users/signup HTTP/1.1', 'Host: a'];
          if (framing === 'chunks') {
            client.send([...head, 'Transfer-Encoding: chunked'], `300000\r\n${body}\r\n0\r\n\r\n`);
          } else {
            client.send([...head, `Content-Length: ${body.length}`], body);
          }
          expect(statusOf(await client.until('large'))).to.equal(413);
          client.socket.destroy();
        }
      }
  });

  it('does not open connections for requests that wait on one of a client', async () => {
    answer = () => undefined;
    await start();
    const before = openSockets();
    const client = await open();
    for (let n = 0; n < 16; n++) client.send([`GET /${n} HTTP/1.1`, 'Host: a']);
    while (asked.length === 0) await new Promise(setImmediate);
    // Both ends of the client's connection, of the one to the process, and of one that asks whether it is ready.
    expect(openSockets() - before).to.be.at.most(6);
    for (let n = 0; n < 100; n++) client.send([`GET /${n} HTTP/1.1`, 'Host: a']);
    expect(await client.end()).to.equal('');
    expect(asked).to.have.length(1);
  });

  it('cuts a connection that asks for an upgrade before its last request is answered', async () => {
    answer = (_, response) => void setTimeout(() => response.end('late'), 50);
    await start();
    const first = ['GET / HTTP/1.1', 'Host: a', '', ''].join('\r\n');
    expect(await ask([first + JOIN.join('\r\n')])).to.equal('');
    expect(await ask([`${first}GET / HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: h2c'])).to.equal(
      '',
    );
    expect(asked.map(({ url }) => url)).not.to.include('/ws/join-room/1');
  });

  describe('ends what takes too long:', () => {
    const limits = { headersMs: 100, requestMs: 100, keepAliveMs: 100, stalledMs: 300 };

    it('requests that are not finished, and connections on which nothing is sent', async () => {
      await start({ limits });
      const clients = await Promise.all(Array.from({ length: 60 }, open));
      for (const [index, client] of clients.entries()) {
        if (index % 3 === 1) client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
        if (index % 3 === 2)
          client.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf');
      }
      for (const client of clients) expect(statusOf(await client.end())).to.equal(408);
    });

    it('a connection that is not used again', async () => {
      await start({ limits });
      expect(statusOf(await ask(['GET / HTTP/1.1', 'Host: a']))).to.equal(200);
    });

    it('a process that never answers, with 504', async () => {
      answer = () => undefined;
      onUpgrade = () => undefined;
      await start({ answerMs: 100 });
      // Those by which the balancer asks whether processes are ready.
      const before = openSockets() + 2;
      expectError(await ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']), 504);
      expectError(await ask(JOIN), 504);
      expect(await untilSockets(before)).to.be.at.most(before);
    });

    it('a client that does not read its answer', async () => {
      let closed: Promise<void> | undefined;
      answer = (request, response) => {
        closed = new Promise((resolve) => request.socket.once('close', () => resolve()));
        response.end(Buffer.alloc(64 * MEGABYTE));
      };
      await start({ limits });
      const client = await open();
      client.socket.pause();
      client.send(['GET / HTTP/1.1', 'Host: a']);
      while (closed === undefined) await new Promise(setImmediate);
      await closed;
      client.socket.destroy();
    });
  });

  describe('says 502 when a process dies', () => {
    it('before it answers', async () => {
      answer = ({ socket }) => socket.destroy();
      onUpgrade = (_, socket) => void socket.destroy();
      await start();
      expectError(await ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']), 502);
      expectError(await ask(JOIN), 502);
    });

    it('or answers with what is not HTTP, or with a protocol that was not asked for', async () => {
      answer = ({ socket }) => void socket.end('hello\r\n\r\n');
      onUpgrade = (_, socket) => void socket.end('hello\r\n\r\n');
      await start();
      expectError(await ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']), 502);
      expectError(await ask(JOIN), 502);
      answer = ({ socket }) => void socket.write(SWITCHED);
      expectError(await ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']), 502);
    });

    it('and cuts the connection when the answer had begun', async () => {
      answer = ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
        setTimeout(() => socket.destroy(), 20);
      };
      await start();
      expect(await ask(['GET / HTTP/1.1', 'Host: a'])).to.match(/\r\n\r\nhalf$/);
    });
  });

  describe('is left with nothing', function () {
    this.timeout(120_000);

    it('after upgrades without Host', async () => {
      await start();
      const lines = JOIN.filter((line) => line !== 'Host: chat');
      await expectNothingLeft(500, async () => expectError(await ask(lines), 400));
    });

    it('after upgrades that are aborted at any point', async () => {
      await start();
      await expectNothingLeft(1_000, async (n) => {
        const client = await open();
        if (n % 5 === 0) client.socket.write('GET /ws/join-room/1 HTTP/1.1\r\n');
        else client.send(JOIN, 'frames');
        if (n % 5 === 2) await new Promise(setImmediate);
        if (n % 5 === 3) await client.until('frames');
        if (n % 5 === 4) client.socket.end();
        else if (n % 2 === 0) client.socket.destroy();
        else client.socket.resetAndDestroy();
        if (n % 5 === 4) await client.end();
      });
    });

    it('after upgrades that nothing answers and their clients give up', async () => {
      onUpgrade = (_, socket) => void socket.resume().once('end', () => socket.destroy());
      await start();
      await expectNothingLeft(500, async () => {
        const client = (await open()).send(JOIN);
        await new Promise((resolve) => setTimeout(resolve, 5));
        client.socket.destroy();
      });
    });

    it('after requests that are aborted in the body and in the answer', async () => {
      answer = (request, response) => {
        if (request.url === '/answer') response.end(Buffer.alloc(4 * MEGABYTE));
        else request.resume();
      };
      await start();
      await expectNothingLeft(400, async (n) => {
        const client = await open();
        if (n % 2 === 0) client.send(['POST /body HTTP/1.1', 'Host: a', 'Content-Length: 99'], 'some');
        else await client.send(['GET /answer HTTP/1.1', 'Host: a']).until('200');
        client.socket.destroy();
      });
    });

    it('after tunnels of which one side goes', async () => {
      const ends: ((socket: Socket) => void)[] = [
        (socket) => socket.end(),
        (socket) => socket.destroy(),
        (socket) => socket.resetAndDestroy(),
      ];
      let served = 0;
      onUpgrade = (_, socket) => {
        socket.on('error', () => socket.destroy());
        socket.write(`${SWITCHED}welcome`, () => ends[served++ % 3]?.(socket));
        socket.resume();
      };
      await start();
      await expectNothingLeft(300, async () => {
        const client = (await open()).send(JOIN);
        await client.end();
      });
    });
  });

  describe('carries', () => {
    it('bytes no faster than the other side takes them, both ways', async () => {
      let gateway: Socket | undefined;
      onUpgrade = (_, socket) => {
        socket.write(SWITCHED);
        gateway = socket;
        socket.pause();
      };
      await start();
      const client = (await open()).send(JOIN);
      await client.until('\r\n\r\n');
      client.socket.pause();
      const sides = [client.socket, gateway];
      const chunk = Buffer.alloc(MEGABYTE);
      for (const side of sides) {
        if (side === undefined) expect.fail('no gateway has the socket');
        for (let n = 0; n < 64; n++) side.write(chunk);
        // What the system and the balancer hold at most, by far.
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(side.writableLength).to.be.above(32 * MEGABYTE);
        side.on('error', () => undefined);
      }
      client.socket.destroy();
    });

    it('what was sent before one side ended', async () => {
      onUpgrade = (_, socket) => void socket.end(`${SWITCHED}${'x'.repeat(2 * MEGABYTE)}bye`);
      await start();
      const text = await ask(JOIN);
      expect(text).to.have.length.above(2 * MEGABYTE);
      expect(text).to.match(/bye$/);

      let received = '';
      onUpgrade = (_, socket) => {
        socket.write(SWITCHED);
        socket.on('data', (data) => {
          received += String(data);
        });
        socket.once('end', () => socket.end('heard'));
      };
      const client = (await open()).send(JOIN, 'early');
      await client.until('\r\n\r\n');
      client.socket.end(`${'y'.repeat(MEGABYTE)}bye`);
      expect(await client.end()).to.match(/heard$/);
      expect(received).to.match(/^earlyy+bye$/);
      expect(received).to.have.length(5 + MEGABYTE + 3);
    });
  });
});
