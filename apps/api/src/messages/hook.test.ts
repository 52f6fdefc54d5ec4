import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { TestEndpoint } from '@chorus/hook/testing';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { newKey, newUsers, withKey } from '../testing/keys.js';

const ANN = { id: 1, username: 'ann' };
const BEN = { id: 2, username: 'ben' };

describe('texts that are sent through an API while there is a before-publish hook', function () {
  this.timeout(60_000);
  let endpoint: TestEndpoint;
  let db: Database;
  let api: RunningApi;
  let start: (env: Record<string, string>) => Promise<RunningApi>;
  let ann: Client;
  let room = 0;
  let messages = '';

  before(async () => {
    endpoint = await TestEndpoint.listen();
    ({ db } = await openDatabase());
    await newUsers(db, [ANN, BEN]);
    const rooms = new MemoryRoomStore();
    const [access, broker] = [new MemoryAccessList(), new MemoryBroker(rooms)];
    const directory = new MemoryRoomDirectory(rooms);
    const parts = { access, directory, history: new MemoryRoomHistory(rooms) };
    start = (env) =>
      startApi(db, { ...endpoint.env, ...env }, { ...parts, publisher: broker, messagePublisher: broker });
    api = await start({ BEFORE_PUBLISH_TIMEOUT_MS: '10000', MAX_MESSAGE_LENGTH: '40' });
    await api.mirrored();
    await until(() => access.memberships.isComplete());
    ann = api.client.as(ANN);
  });
  beforeEach(async () => {
    endpoint.reset();
    endpoint.answer = ({ content }) => {
      if (content.includes('bad')) return { action: 'refuse', reason: 'mind your words' };
      if (content.includes('long')) return { action: 'change', content: 'x'.repeat(41) };
      return content.includes('dear')
        ? { action: 'change', content: content.replace('dear', '****') }
        : { action: 'pass' };
    };
    room = (await ann.post('/api/rooms', { name: 'room' })).body.id;
    messages = `/api/rooms/${room}/messages`;
  });
  after(async () => {
    await api.close();
    await endpoint.close();
    await db.$disconnect();
  });

  const codes = (answers: readonly Answer[]): unknown[] =>
    answers.map(({ status, body }) => (body.code === undefined ? status : `${status} ${body.code}`));
  const REFUSED = ['403 message_refused', '400 message_too_long'];
  const contents = async (): Promise<string[]> =>
    (await ann.get(messages)).body.messages.map(({ content }: { content: string }) => content);

  it('are passed, changed and refused: messages, edits and appends', async () => {
    const texts = ['fine', 'oh dear', 'bad', 'long'];
    const sent = await Promise.all(texts.map((content) => ann.post(messages, { content, data: { a: 1 } })));
    expect(codes(sent)).to.deep.equal([201, 201, ...REFUSED]);
    expect(sent[2]?.body.error).to.equal('the application refused the text: mind your words');
    expect(await contents()).to.deep.equal(['fine', 'oh ****']);
    const { epoch, seq } = sent[0]?.body ?? {};
    const message = `${messages}/${epoch}-${seq}`;
    const edits = await Promise.all(texts.map((content) => ann.patch(message, { content })));
    expect(codes(edits)).to.deep.equal([200, 200, ...REFUSED]);
    expect((await contents())[0]).to.equal('oh ****');
    const appends = await Promise.all(
      texts.map((text) => ann.post(`${message}/append`, { text: ` ${text}` })),
    );
    expect(codes(appends)).to.deep.equal([200, 200, ...REFUSED]);
    expect((await contents())[0]).to.equal('oh **** fine oh ****');
    const target = { epoch, seq };
    expect(endpoint.asked.map(({ type, about }) => [type, about.target])).to.deep.equal([
      ...Array(4).fill(['message.send', undefined]),
      ...Array(4).fill(['message.edit', target]),
      ...Array(4).fill(['message.append', target]),
    ]);
    endpoint.reset();
    expect(
      codes([await ann.send('PUT', `${message}/reactions/bad`), await ann.delete(message)]),
    ).to.deep.equal([200, 200]);
    expect(endpoint.asked).to.deep.equal([]);
  });

  it('each have their result in a batch, and keep their order', async () => {
    const sender = withKey(api.client, await newKey(db, ['messages:write', 'act-as']), BEN);
    let waitMs = 80;
    const { answer } = endpoint;
    endpoint.answer = async (asked, response) => {
      waitMs -= 10;
      await sleep(waitMs);
      return answer(asked, response);
    };
    const texts = ['1', 'bad', '2', 'dear 3', 'long', '4'];
    const batch = texts.map((content) => ({ roomId: room, content }));
    const { status, body } = await sender.post('/api/messages/batch', { messages: batch });
    expect(status).to.equal(200);
    expect(body.results.map(({ code = 'sent' }) => code)).to.deep.equal([
      ...['sent', 'message_refused', 'sent', 'sent', 'message_too_long', 'sent'],
    ]);
    expect(await contents()).to.deep.equal(['1', '2', '**** 3', '4']);
  });

  it('are asked about once with an Idempotency-Key', async () => {
    const key = { 'Idempotency-Key': 'one' };
    const send = (): Promise<Answer> => ann.send('POST', messages, '{"content":"hi"}', key);
    const [first, second] = await Promise.all([send(), send()]);
    const third = await send();
    expect(second?.body).to.deep.equal(first?.body);
    expect(third.body).to.deep.equal(first?.body);
    expect(endpoint.contents).to.deep.equal(['hi']);
  });

  it('are not shown to the hook if the user may not send them now', async () => {
    await ann.send('PUT', `/api/rooms/${room}/members/${BEN.id}`, '{}');
    await ann.patch(`/api/rooms/${room}`, { slowModeSeconds: 60 });
    const ben = api.client.as(BEN);
    const own = await ben.post(messages, { content: 'first' });
    const message = `${messages}/${own.body.epoch}-${own.body.seq}`;
    expect(codes([await ben.post(messages, { content: 'second' })])).to.deep.equal(['429 slow_mode']);
    expect(codes([await ben.post(messages, { content: 'x'.repeat(41) })])).to.deep.equal([
      '400 message_too_long',
    ]);
    expect(codes([await ann.patch(message, { content: 'mine' })])).to.deep.equal(['403 not_author']);
    await ann.send('PUT', `/api/rooms/${room}/members/${BEN.id}/mute`, '{"seconds":60}');
    expect(codes([await ben.patch(message, { content: 'muted' })])).to.deep.equal(['403 muted']);
    expect(endpoint.contents).to.deep.equal(['first']);
  });

  it('are not published if the user was muted or removed meanwhile', async () => {
    const { body } = await ann.post('/api/rooms', { name: 'hidden', kind: 'private' });
    const hidden = `/api/rooms/${body.id}`;
    const ben = api.client.as(BEN);
    const changes = [
      ['403 muted', () => ann.send('PUT', `${hidden}/members/${BEN.id}/mute`, '{"seconds":60}')],
      ['404 room_not_found', () => ann.delete(`${hidden}/members/${BEN.id}`)],
    ] as const;
    await ann.send('PUT', `${hidden}/members/${BEN.id}`, '{}');
    for (const [expected, change] of changes) {
      let decide = (): void => undefined;
      const decided = new Promise<void>((resolve) => {
        decide = resolve;
      });
      endpoint.reset();
      endpoint.answer = async () => {
        await decided;
        return { action: 'pass' };
      };
      const sent = ben.post(`${hidden}/messages`, { content: 'late' });
      await until('the request', () => endpoint.asked.length === 1);
      expect((await change()).status).to.be.below(300);
      decide();
      expect(codes([await sent])).to.deep.equal([expected]);
      await ann.send('PUT', `${hidden}/members/${BEN.id}/mute`, '{"seconds":0}');
    }
    expect((await ann.get(`${hidden}/messages`)).body.messages).to.deep.equal([]);
  });

  for (const [onFailure, status] of [
    ['refuse', 503],
    ['pass', 201],
  ] as const) {
    it(`are answered with ${status} by BEFORE_PUBLISH_ON_FAILURE=${onFailure} while the endpoint hangs, and other requests go on`, async () => {
      endpoint.answer = () => undefined;
      const other = await start({ BEFORE_PUBLISH_TIMEOUT_MS: '500', BEFORE_PUBLISH_ON_FAILURE: onFailure });
      try {
        const client = other.client.as(ANN);
        const sent = Array.from({ length: 40 }, () => client.post(messages, { content: 'hi' }));
        expect((await client.get('/api/rooms')).status).to.equal(200);
        const answers = await Promise.all(sent);
        expect(new Set(answers.map((answer) => answer.status))).to.deep.equal(new Set([status]));
        if (status === 503) {
          const [{ body, headers } = {}] = answers;
          expect([body.code, headers?.get('retry-after')]).to.deep.equal(['hook_unavailable', '1']);
        }
      } finally {
        await other.close();
      }
    });
  }
});
