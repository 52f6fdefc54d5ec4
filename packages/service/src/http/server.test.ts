import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { RawClient, statusOf } from '../testing/raw-client.js';
import { createHttpServer, type HttpLimits, type HttpServerOptions } from './server.js';

describe('an HTTP server', () => {
  const refused: number[] = [];
  const seen: string[] = [];
  let server: Server;
  let url: string;

  const echo: RequestListener = (request, response) => {
    seen.push(request.url ?? '');
    response.end(request.url);
  };

  async function start(
    limits: Partial<HttpLimits> = {},
    handler = echo,
    options: HttpServerOptions = {},
  ): Promise<void> {
    seen.length = 0;
    refused.length = 0;
    server = createHttpServer(handler, { limits, refused: (status) => refused.push(status), ...options });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function expectRefusal(text: string, status: number): void {
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(statusOf(text)).to.equal(status);
    expect(head.toLowerCase()).to.include('\r\nconnection: close');
    expect(JSON.parse(body)).to.have.all.keys('error', 'code');
    expect(refused).to.deep.equal([status]);
    expect(seen).to.deep.equal([]);
  }

  it('ends a connection on which nothing is ever sent', async () => {
    await start({ headersMs: 50 });
    expectRefusal(await (await RawClient.open(url)).end(), 408);
  });

  it('ends a connection whose headers do not come to an end', async () => {
    await start({ headersMs: 50 });
    const client = await RawClient.open(url);
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ');
    expectRefusal(await client.end(), 408);
  });

  it('ends a connection whose body does not come to an end', async () => {
    await start({ headersMs: 50, requestMs: 50 }, (request) => request.resume());
    const head = ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 10'];
    expectRefusal(await RawClient.ask(url, head, 'half'), 408);
  });

  it('ends a connection that is not used again', async () => {
    await start({ keepAliveMs: 50 });
    const text = await RawClient.ask(url, ['GET /once HTTP/1.1', 'Host: a']);
    expect(statusOf(text)).to.equal(200);
  });

  it('ends a connection whose client does not read its answer', async () => {
    let closed: Promise<unknown> | undefined;
    await start({ stalledMs: 200 }, (request, response) => {
      closed = once(request.socket, 'close');
      response.end(Buffer.alloc(32 * 1024 * 1024));
    });
    const client = await RawClient.open(url);
    client.socket.pause();
    client.send(['GET / HTTP/1.1', 'Host: a']);
    while (closed === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await closed;
    client.socket.destroy();
  });

  for (const [what, status, lines] of [
    ['that is not HTTP', 400, ['hello']],
    ['without Host', 400, ['GET / HTTP/1.1']],
    ['with two Hosts', 400, ['GET / HTTP/1.1', 'Host: a', 'Host: b']],
    ['with headers of 20 KiB', 431, ['GET / HTTP/1.1', 'Host: a', `X: ${'x'.repeat(20_000)}`]],
    [
      'with 200 headers',
      431,
      ['GET / HTTP/1.1', 'Host: a', ...Array.from({ length: 200 }, (_, n) => `x${n}: 1`)],
    ],
    ['with two lengths', 400, ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Content-Length: 2']],
    ['with a list of lengths', 400, ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1, 1']],
    ['with a signed length', 400, ['POST / HTTP/1.1', 'Host: a', 'Content-Length: +1']],
    [
      'with a length and chunks',
      400,
      ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 4', 'Transfer-Encoding: chunked'],
    ],
    [
      'whose last coding is not chunked',
      400,
      ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked, identity'],
    ],
    ['with a space before a colon', 400, ['POST / HTTP/1.1', 'Host: a', 'Content-Length : 4']],
    ['with a folded header', 400, ['POST / HTTP/1.1', 'Host: a', 'X: 1', ' Content-Length: 4']],
    ['with CONNECT', 405, ['CONNECT a:443 HTTP/1.1', 'Host: a:443']],
    [
      'with an unknown expectation',
      417,
      ['POST / HTTP/1.1', 'Host: a', 'Expect: wonders', 'Connection: close'],
    ],
  ] satisfies [string, number, string[]][])
    it(`answers a request ${what} with ${status} and ends its connection`, async () => {
      await start();
      expectRefusal(await RawClient.ask(url, lines), status);
    });

  it('counts a connection once on which upgrades are not done', async () => {
    const log = { warn: () => undefined };
    await start({}, echo, {
      connections: { capacity: 16, byAddress: true, log },
      webSocket: () => undefined,
    });
    const client = await RawClient.open(url);
    for (let n = 0; n < 50; n++) {
      client.text = '';
      client.send([`GET /${n}! HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: h2c']);
      expect(statusOf(await client.until(`/${n}!`))).to.equal(200);
    }
    client.socket.destroy();
  });

  it('does not lose the length of a body among many headers', async () => {
    await start();
    const many = Array.from({ length: 1_500 }, () => 'x:');
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    const head = ['POST / HTTP/1.1', 'Host: a', ...many, `Content-Length: ${smuggled.length}`];
    expectRefusal(await RawClient.ask(url, head, smuggled), 431);
  });

  it('treats an upgrade to an unsupported protocol as an ordinary request', async () => {
    await start();
    const head = [
      'GET /h2c HTTP/1.1',
      'Host: a',
      'Connection: Upgrade, HTTP2-Settings, close',
      'Upgrade: h2c',
    ];
    expect(await RawClient.ask(url, head)).to.match(/\r\n\r\n\/h2c$/);
  });

  it('answers pipelined requests one after the other', async () => {
    let atOnce = 0;
    let most = 0;
    await start({}, (request, response) => {
      most = Math.max(most, ++atOnce);
      setTimeout(() => {
        atOnce--;
        response.end(request.url);
      }, 5);
    });
    const client = await RawClient.open(url);
    for (let n = 0; n < 8; n++) client.send([`GET /${n} HTTP/1.1`, 'Host: a']);
    const text = await client.until('/7');
    expect(text.match(/\/\d/g)?.filter((path) => path !== '/1')).to.deep.equal([
      '/0',
      '/2',
      '/3',
      '/4',
      '/5',
      '/6',
      '/7',
    ]);
    expect(most).to.equal(1);
    client.socket.destroy();
  });

  it('cuts a connection on which too many requests wait', async () => {
    let asked = 0;
    await start({ pipelined: 4 }, () => asked++);
    const client = await RawClient.open(url);
    for (let n = 0; n < 1_000; n++) client.send(['GET / HTTP/1.1', 'Host: a']);
    expect(await client.end()).to.equal('');
    expect(asked).to.equal(1);
  });

  describe('that answers before it has read the body', () => {
    const early: RequestListener = (request, response) => {
      // As parsers of bodies do when one is too large.
      request.once('data', () => {
        request.pause();
        const close = request.url === '/close' ? { Connection: 'close' } : {};
        response.writeHead(413, { 'Content-Length': 5, ...close }).end('large');
      });
    };
    const BODY = 'x'.repeat(4 * 1024 * 1024);

    for (const path of ['/close', '/keep'])
      it(`is heard by a client that sends everything first (${path})`, async () => {
        await start({}, early);
        for (let n = 0; n < 10; n++) {
          const client = await RawClient.open(url);
          client.socket.pause();
          client.send([`POST ${path} HTTP/1.1`, 'Host: a', `Content-Length: ${BODY.length}`], BODY);
          while (client.socket.writableLength > 0) await once(client.socket, 'drain');
          client.socket.resume();
          expect(statusOf(await client.until('large'))).to.equal(413);
          client.socket.destroy();
        }
      });

    it('finds the next request of the connection', async () => {
      await start({}, early);
      const client = await RawClient.open(url);
      client.send(['POST /keep HTTP/1.1', 'Host: a', `Content-Length: ${BODY.length}`], BODY);
      client.send(['POST /close HTTP/1.1', 'Host: a', 'Content-Length: 1'], 'x');
      expect((await client.end()).match(/HTTP\/1\.1 413 /g)).to.have.length(2);
    });

    it('does not wait for ever for the rest of the body', async () => {
      let closed: Promise<unknown> | undefined;
      await start({ requestMs: 100, headersMs: 100 }, (request, response) => {
        closed = once(request.socket, 'close');
        early(request, response);
      });
      const head = ['POST /close HTTP/1.1', 'Host: a', 'Content-Length: 1000'];
      const client = (await RawClient.open(url)).send(head, 'x');
      await client.until('large');
      await closed;
      client.socket.destroy();
    });
  });
});
