import { gzipSync } from 'node:zlib';
import type { Database } from '@chorus/database';
import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, sendRaw, startApi } from '../testing/api.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('request bodies', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
    client = running.client.as({ id: 1, username: 'ann' });
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<Answer> =>
    client.send('POST', '/api/rooms', body, headers);

  it('that are not JSON get 415', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'application/json; charset=latin1',
      'json',
    ]) {
      const answer = await post('{"name":"x"}', { 'Content-Type': type });
      expect(answer.status, type).to.equal(415);
      expect(answer.body.error).to.match(/Content-Type: application\/json/);
    }
    expect((await post('{"name":"x"}', { ...JSON_TYPE, 'Content-Encoding': 'rot13' })).status).to.equal(415);
  });

  it('of every media type of JSON are accepted, compressed ones too', async () => {
    const body = '{"name":"x"}';
    expect((await post(body, { 'Content-Type': 'Application/JSON;charset=UTF-8' })).status).to.equal(201);
    // A malformed parameter changes nothing: the body is read, and not ignored.
    expect((await post(body, { 'Content-Type': 'application/json;;;' })).status).to.equal(201);
    const zipped = new Uint8Array(gzipSync(body));
    expect((await post(zipped, { ...JSON_TYPE, 'Content-Encoding': 'gzip' })).status).to.equal(201);
  });

  it('of invalid UTF-8 get 400, and are not stored', async () => {
    for (const bytes of [[0xff], [0xc3], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
      const body = new Uint8Array([...Buffer.from('{"name":"x'), ...bytes, ...Buffer.from('"}')]);
      const answer = await post(body, JSON_TYPE);
      expect([answer.status, answer.body]).to.deep.equal([
        400,
        { error: 'the body is not valid UTF-8', code: 'invalid_utf8' },
      ]);
    }
  });

  it('with unknown fields get 400, except on the routes of the original service', async () => {
    const body = JSON.stringify({ name: 'x', private: true });
    const refused = await post(body, JSON_TYPE);
    expect([refused.status, refused.body]).to.deep.equal([
      400,
      { error: 'private is not known here', code: 'unknown_field' },
    ]);
    expect((await client.send('POST', '/ws/create-room', body, JSON_TYPE)).status).to.equal(200);
    const { id } = (await post('{"name":"x"}', JSON_TYPE)).body;
    expect((await client.send('PATCH', `/api/rooms/${id}`, body, JSON_TYPE)).status).to.equal(400);
  });

  it('of more than 64 KiB get 413, with or without a length, compressed or not', async () => {
    const large = JSON.stringify({ name: 'x', padding: 'y'.repeat(65_536) });
    const answers = [
      await post(large, JSON_TYPE),
      await post(new Uint8Array(gzipSync(large)), { ...JSON_TYPE, 'Content-Encoding': 'gzip' }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.body]).to.deep.equal([
        413,
        { error: 'the body must not be larger than 64 KiB', code: 'body_too_large' },
      ]);
    }
    const chunk = 'z'.repeat(65_537);
    const text = await sendRaw(
      running.api.port,
      `POST /api/rooms HTTP/1.1\r\nHost: x\r\nCookie: ${client.headers.Cookie}\r\nContent-Type: application/json\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`,
    );
    expect(text).to.match(/^HTTP\/1.1 413 /);
    expect(text).to.match(/^Connection: close\r$/m);
    const whole = `{"name":"x"${' '.repeat(60_000)}}`;
    expect((await post(whole, JSON_TYPE)).status).to.equal(201);
  });

  it('that contradict their encoding get 400', async () => {
    const answer = await post('plain', { ...JSON_TYPE, 'Content-Encoding': 'gzip' });
    expect([answer.status, answer.body]).to.deep.equal([
      400,
      { error: 'the body is not valid JSON', code: 'invalid_json' },
    ]);
  });

  it('of requests without a token are not read', async () => {
    const answer = await running.client.send('POST', '/api/rooms', '{', JSON_TYPE);
    expect(answer.status).to.equal(401);
  });
});
