import { openSockets, statusOf, untilSockets } from '@chorus/service/testing';
import { expect } from 'chai';
import {
  BalancerStage,
  expectError,
  JOIN,
  MEGABYTE,
  SWITCHED,
  WEBSOCKET,
} from '../testing/balancer-stage.js';

describe('the balancer under attack', () => {
  let stage: BalancerStage;
  beforeEach(() => {
    stage = new BalancerStage();
  });
  afterEach(() => stage.close());

  describe('does not forward', () => {
    beforeEach(() => stage.start());

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
        expectError(await stage.ask(lines), status);
        expect(stage.asked).to.deep.equal([]);
      });

    it('a request hidden in the body of another', async () => {
      const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n';
      await stage.ask(
        ['GET / HTTP/1.1', 'Host: a', 'Connection: close', `Content-Length: ${hidden.length}`],
        hidden,
      );
      const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
      await stage.ask(
        ['GET / HTTP/1.1', 'Host: a', 'Connection: close', 'Transfer-Encoding: chunked'],
        chunk,
      );
      await stage.ask(
        [
          'POST / HTTP/1.1',
          'Host: a',
          'Connection: close, Content-Length',
          `Content-Length: ${hidden.length}`,
        ],
        hidden,
      );
      expect(stage.asked.map(({ url }) => url)).to.deep.equal(['/', '/', '/']);
    });

    it('a request after an upgrade that is refused', async () => {
      stage.onUpgrade = (_, socket) =>
        void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      const text = await stage.ask(JOIN, 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(statusOf(text)).to.equal(403);
      expect(text).to.match(/connection: close/i);
      expect(stage.asked.map(({ url }) => url)).to.deep.equal(['/ws/join-room/1']);
    });

    it('what a client claims about its address', async () => {
      const lies = ['X-Forwarded-For: 1.2.3.4', 'x-forwarded-for: 5.6.7.8', 'Forwarded: for=1.2.3.4'];
      const more = ['X-Forwarded-Host: evil', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 1'];
      await stage.ask(['GET / HTTP/1.1', 'Host: chat', 'Connection: close', ...lies, ...more]);
      (await stage.open()).send([...JOIN, ...lies, ...more]);
      while (stage.asked.length < 2) await new Promise(setImmediate);
      for (const { headers } of stage.asked) {
        expect(headers).to.include({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'chat' });
        expect(headers).to.include({ 'x-forwarded-proto': 'http' });
        expect(headers).not.to.have.any.keys('forwarded', 'x-forwarded-port');
      }
    });
  });

  describe('treats as an ordinary request', () => {
    beforeEach(() => stage.start());

    it('an upgrade to anything but WebSocket, with its body', async () => {
      const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
      const client = await stage.open();
      for (let n = 0; n < 20; n++) {
        client.text = '';
        client.send([`POST /h2c/${n} HTTP/1.1`, 'Host: a', ...h2c, 'Content-Length: 4'], 'body');
        expect(statusOf(await client.until(`/h2c/${n} done`))).to.equal(200);
      }
      client.text = '';
      client.send(['GET /after HTTP/1.1', 'Host: a']);
      await client.until('/after done');
      client.socket.destroy();
      for (const { headers } of stage.asked)
        expect(headers).not.to.have.any.keys('upgrade', 'http2-settings');
    });

    it('a WebSocket upgrade without GET, or over HTTP/1.0', async () => {
      const post = ['POST /post HTTP/1.1', 'Host: a', ...WEBSOCKET, 'Content-Length: 0'];
      expect(statusOf(await (await stage.open()).send(post).until('done'))).to.equal(200);
      expect(statusOf(await stage.ask(['GET /old HTTP/1.0', 'Host: a', ...WEBSOCKET]))).to.equal(200);
      expect(stage.asked.map(({ url }) => url)).to.deep.equal(['/post', '/old']);
    });

    it('an absolute target', async () => {
      await stage.ask([
        'GET http://chat.example:81/api/x?y=http://z HTTP/1.1',
        'Host: other',
        'Connection: close',
      ]);
      await stage.ask(['GET http://chat.example HTTP/1.1', 'Host: other', 'Connection: close']);
      expect(stage.asked.map(({ url, headers }) => [url, headers.host])).to.deep.equal([
        ['/api/x?y=http://z', 'chat.example:81'],
        ['/', 'chat.example'],
      ]);
    });
  });

  it('forwards an answer that arrives before the body has been sent', async () => {
    await stage.start();
    for (const close of [{}, { Connection: 'close' }])
      for (const framing of ['Content-Length', 'chunks']) {
        stage.answer = (request, response) => {
          request.once('data', () => {
            request.pause();
            response.writeHead(413, { 'Content-Length': 5, ...close }).end('large');
          });
        };
        for (let n = 0; n < 5; n++) {
          const client = await stage.open();
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

  it('opens no connections for requests that wait behind another of their client', async () => {
    stage.answer = () => undefined;
    await stage.start();
    const before = openSockets();
    const client = await stage.open();
    for (let n = 0; n < 16; n++) client.send([`GET /${n} HTTP/1.1`, 'Host: a']);
    while (stage.asked.length === 0) await new Promise(setImmediate);
    // Both ends of the client's connection, of the one to the process, and of one for a readiness check.
    expect(openSockets() - before).to.be.at.most(6);
    for (let n = 0; n < 100; n++) client.send([`GET /${n} HTTP/1.1`, 'Host: a']);
    expect(await client.end()).to.equal('');
    expect(stage.asked).to.have.length(1);
  });

  it('cuts a connection that requests an upgrade before its last request is answered', async () => {
    stage.answer = (_, response) => void setTimeout(() => response.end('late'), 50);
    await stage.start();
    const first = ['GET / HTTP/1.1', 'Host: a', '', ''].join('\r\n');
    expect(await stage.ask([first + JOIN.join('\r\n')])).to.equal('');
    expect(
      await stage.ask([`${first}GET / HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: h2c']),
    ).to.equal('');
    expect(stage.asked.map(({ url }) => url)).not.to.include('/ws/join-room/1');
  });

  describe('times out', () => {
    const limits = { headersMs: 100, requestMs: 100, keepAliveMs: 100, stalledMs: 300 };

    it('incomplete requests, and connections without a request', async () => {
      await stage.start({ limits });
      const clients = await Promise.all(Array.from({ length: 60 }, () => stage.open()));
      for (const [index, client] of clients.entries()) {
        if (index % 3 === 1) client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
        if (index % 3 === 2)
          client.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf');
      }
      for (const client of clients) expect(statusOf(await client.end())).to.equal(408);
    });

    it('an idle connection', async () => {
      await stage.start({ limits });
      expect(statusOf(await stage.ask(['GET / HTTP/1.1', 'Host: a']))).to.equal(200);
    });

    it('a process that never answers, with 504', async () => {
      stage.answer = () => undefined;
      stage.onUpgrade = () => undefined;
      await stage.start({ answerMs: 100 });
      // The connections with which the balancer checks readiness.
      const before = openSockets() + 2;
      expectError(
        await stage.ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']),
        504,
        'upstream_timeout',
      );
      expectError(await stage.ask(JOIN), 504);
      expect(await untilSockets(before)).to.be.at.most(before);
    });

    it('a client that does not read its answer', async () => {
      let closed: Promise<void> | undefined;
      stage.answer = (request, response) => {
        closed = new Promise((resolve) => request.socket.once('close', () => resolve()));
        response.end(Buffer.alloc(64 * MEGABYTE));
      };
      await stage.start({ limits });
      const client = await stage.open();
      client.socket.pause();
      client.send(['GET / HTTP/1.1', 'Host: a']);
      while (closed === undefined) await new Promise(setImmediate);
      await closed;
      client.socket.destroy();
    });
  });

  describe('answers 502 when a process dies', () => {
    it('before it answers', async () => {
      stage.answer = ({ socket }) => socket.destroy();
      stage.onUpgrade = (_, socket) => void socket.destroy();
      await stage.start();
      expectError(
        await stage.ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']),
        502,
        'upstream_closed',
      );
      expectError(await stage.ask(JOIN), 502);
    });

    it('or answers with something that is not HTTP, or with a protocol that was not requested', async () => {
      stage.answer = ({ socket }) => void socket.end('hello\r\n\r\n');
      stage.onUpgrade = (_, socket) => void socket.end('hello\r\n\r\n');
      await stage.start();
      expectError(
        await stage.ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']),
        502,
        'upstream_closed',
      );
      expectError(await stage.ask(JOIN), 502);
      stage.answer = ({ socket }) => void socket.write(SWITCHED);
      expectError(
        await stage.ask(['GET / HTTP/1.1', 'Host: a', 'Connection: close']),
        502,
        'upstream_closed',
      );
    });

    it('and cuts the connection if the answer had begun', async () => {
      stage.answer = ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
        setTimeout(() => socket.destroy(), 20);
      };
      await stage.start();
      expect(await stage.ask(['GET / HTTP/1.1', 'Host: a'])).to.match(/\r\n\r\nhalf$/);
    });
  });
});
