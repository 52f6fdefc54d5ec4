import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, GatewayFixture } from '../testing/gateways.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

interface Head {
  status: number;
  headers: Record<string, string>;
  /** The part of the body that arrived with the head. */
  body: string;
}

describe('an opening handshake', () => {
  const fixture = new GatewayFixture();
  const sockets: net.Socket[] = [];
  let gateway: Gateway;

  before(async () => {
    gateway = await fixture.start({ MAX_CONNECTIONS_PER_USER: '1000' });
    await fixture.directory.ensure(1, 0);
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    return fixture.close();
  });

  const valid = (): Record<string, string> => ({
    Host: 'localhost',
    Authorization: fixture.bearer(ANN).authorization ?? '',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
  });

  const without = (name: string): Record<string, string> => {
    const { [name]: _, ...others } = valid();
    return others;
  };

  /** Sends raw lines and resolves with the head of the response. */
  async function ask(line: string, lines: readonly string[], body = ''): Promise<Head> {
    const socket = net.connect(gateway.port, '127.0.0.1');
    sockets.push(socket);
    socket.write(`${[line, ...lines].join('\r\n')}\r\n\r\n${body}`);
    let text = '';
    while (!text.includes('\r\n\r\n')) text += String((await once(socket, 'data'))[0]);
    const end = text.indexOf('\r\n\r\n');
    const [first = '', ...rest] = text.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      rest.map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
      }),
    );
    return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) };
  }

  const lines = (headers: Record<string, string>): string[] =>
    Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

  const upgrade = (
    headers: Record<string, string>,
    path = '/ws/join-room/1',
    method = 'GET',
  ): Promise<Head> => ask(`${method} ${path} HTTP/1.1`, lines(headers));

  it('is answered with the digest of its key', async () => {
    const { status, headers } = await upgrade(valid());
    const digest = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    expect(status).to.equal(101);
    expect(headers).to.include({
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-accept': digest,
    });
  });

  it('is accepted in any case, in lists and in several header lines', async () => {
    expect((await upgrade({ ...valid(), Upgrade: 'WebSocket' })).status).to.equal(101);
    expect((await upgrade({ ...valid(), Upgrade: 'h2c, websocket' })).status).to.equal(101);
    expect((await upgrade({ ...valid(), Connection: 'keep-alive, upgrade' })).status).to.equal(101);
    const several = [...lines(without('Connection')), 'Connection: keep-alive', 'Connection: Upgrade'];
    expect((await ask('GET /ws/join-room/1 HTTP/1.1', several)).status).to.equal(101);
  });

  for (const [what, headers] of [
    ['no Upgrade', () => without('Upgrade')],
    ['no Connection', () => without('Connection')],
    ['Connection: keep-alive', () => ({ ...valid(), Connection: 'keep-alive' })],
    ['Connection: close', () => ({ ...valid(), Connection: 'close' })],
    ['Upgrade: h2c', () => ({ ...valid(), Upgrade: 'h2c' })],
    ['no version', () => without('Sec-WebSocket-Version')],
    ['version 8', () => ({ ...valid(), 'Sec-WebSocket-Version': '8' })],
    ['version 0', () => ({ ...valid(), 'Sec-WebSocket-Version': '0' })],
    ['version 13 twice', () => ({ ...valid(), 'Sec-WebSocket-Version': '13, 13' })],
    ['version 25', () => ({ ...valid(), 'Sec-WebSocket-Version': '25' })],
  ] satisfies [string, () => Record<string, string>][])
    it(`gets 426 with the version of this server for ${what}`, async () => {
      for (const [path, keys] of [
        ['/ws/join-room/1', ['error']],
        ['/ws/connect', ['error', 'code']],
      ] as const) {
        const answer = await upgrade(headers(), path);
        expect(answer.status).to.equal(426);
        expect(answer.headers).to.include({ upgrade: 'websocket', 'sec-websocket-version': '13' });
        expect(JSON.parse(answer.body)).to.have.all.keys(...keys);
      }
    });

  for (const [what, headers] of [
    ['no key', () => without('Sec-WebSocket-Key')],
    ['an empty key', () => ({ ...valid(), 'Sec-WebSocket-Key': '' })],
    ['a key that is too short', () => ({ ...valid(), 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' })],
    ['a key that is too long', () => ({ ...valid(), 'Sec-WebSocket-Key': `${KEY}AAAA` })],
    [
      'a key of the right length that is not base64',
      () => ({ ...valid(), 'Sec-WebSocket-Key': '*'.repeat(24) }),
    ],
    ['a key of 18 bytes', () => ({ ...valid(), 'Sec-WebSocket-Key': 'A'.repeat(24) })],
    ['a body', () => ({ ...valid(), 'Content-Length': '5' })],
    ['a chunked body', () => ({ ...valid(), 'Transfer-Encoding': 'chunked' })],
  ] satisfies [string, () => Record<string, string>][])
    it(`gets 400 for ${what}`, async () => {
      const answer = await upgrade(headers());
      expect(answer.status).to.equal(400);
      expect(JSON.parse(answer.body)).to.have.all.keys('error');
    });

  it('gets 400 for two keys and 426 for two versions, in separate header lines', async () => {
    const twoKeys = [...lines(valid()), `Sec-WebSocket-Key: ${KEY}`];
    expect((await ask('GET /ws/join-room/1 HTTP/1.1', twoKeys)).status).to.equal(400);
    const twoVersions = [...lines(valid()), 'Sec-WebSocket-Version: 13'];
    expect((await ask('GET /ws/join-room/1 HTTP/1.1', twoVersions)).status).to.equal(426);
  });

  it('is a GET over HTTP/1.1', async () => {
    for (const method of ['POST', 'PUT', 'OPTIONS', 'CONNECT']) {
      expect((await upgrade(valid(), '/ws/join-room/1', method)).status).to.equal(405);
    }
    expect((await upgrade(valid(), '/ws/join-room/1', 'HEAD')).status).to.equal(426);
    for (const version of ['1.0', '1.2', '2.0']) {
      expect((await ask(`GET /ws/join-room/1 HTTP/${version}`, lines(valid()))).status).to.equal(505);
    }
  });

  it('that is refused takes no connection slot', async () => {
    const before = gateway.connections.taken;
    await upgrade(without('Upgrade'));
    await upgrade({ ...valid(), 'Sec-WebSocket-Version': '8' });
    expect(gateway.connections.taken).to.equal(before);
  });

  it('for another protocol is an ordinary request', async () => {
    const h2c = {
      Host: 'localhost',
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABk',
    };
    const live = await upgrade(h2c, '/livez');
    expect(live.status).to.equal(200);
    expect(live.body).to.equal('{"status":"live"}');
    expect((await upgrade(h2c, '/nowhere')).status).to.equal(404);
  });
});
