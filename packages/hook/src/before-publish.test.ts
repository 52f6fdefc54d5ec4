import { setTimeout as sleep } from 'node:timers/promises';
import { type MessageRefusal, type Position, Refusal } from '@chorus/protocol';
import { parseSettings } from '@chorus/service';
import { silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import type { BeforePublish } from './before-publish.js';
import { createHook } from './create-hook.js';
import { hookConfig, hookSettings } from './settings.js';
import { HOOK_SECRET, TestEndpoint } from './testing/endpoint.js';
import type { Draft, MessageText } from './text.js';

const ANN = { id: 7, username: 'ann' };
const LIMITS = {
  maxMessageLength: 100,
  maxDataBytes: 100,
  maxMentions: 5,
  maxReactionLength: 8,
  maxReactions: 5,
};
/** Long enough for every answer on a busy machine. */
const PATIENT = { BEFORE_PUBLISH_TIMEOUT_MS: '10000' };

describe('the before-publish hook', function () {
  this.timeout(60_000);
  let endpoint: TestEndpoint;
  let hook: BeforePublish;
  /** Texts in the order in which they were published. */
  let published: MessageText[] = [];
  /** Positions by idempotency key. */
  let keys = new Map<string, Position>();

  async function start(env: Record<string, string> = PATIENT): Promise<void> {
    const config = hookConfig(parseSettings(hookSettings, { ...endpoint.env, ...env }));
    const created = await createHook(config, {
      ...{ limits: LIMITS, metrics: undefined, log: silentLog },
      publishedWith: async (_room, key) => keys.get(key),
    });
    if (created === undefined) throw new Error('there is no hook');
    hook = created;
  }

  beforeEach(async () => {
    endpoint = await TestEndpoint.listen();
    published = [];
    keys = new Map();
  });
  afterEach(async () => {
    await hook.close();
    await endpoint.close();
  });

  let count = 0;
  async function publish(text: MessageText, key?: string): Promise<Position> {
    published.push(text);
    const position = { epoch: 1, seq: published.length };
    if (key !== undefined) keys.set(key, position);
    return position;
  }
  function submit(
    content: string,
    more: Partial<Draft> & { key?: string } = {},
  ): Promise<Position | MessageRefusal> {
    const { key, ...fields } = more;
    const draft = { type: 'send', id: `m${count++}`, roomId: 1, user: ANN, content, ...fields } as const;
    return hook.submit({ ...{ draft, key, check: () => undefined }, publish: (text) => publish(text, key) });
  }
  const contents = (): string[] => published.map(({ content }) => content);
  const codeOf = (result: Position | MessageRefusal): string | Position =>
    result instanceof Refusal ? result.code : result;

  it('is not there without a URL', async () => {
    await start();
    const parts = {
      limits: LIMITS,
      metrics: undefined,
      log: silentLog,
      publishedWith: async () => undefined,
    };
    expect(await createHook(undefined, parts)).to.equal(undefined);
  });

  it('is asked with a request that a library for Standard Webhooks verifies', async () => {
    await start();
    const target = { epoch: 4, seq: 2 };
    await submit('hé', { id: 'one', data: { a: 1 }, mentions: [3, 'room'], replyTo: target });
    await submit('more', { id: 'two', type: 'append', target });
    const [first, second] = endpoint.asked;
    const verified = new Webhook(HOOK_SECRET).verify(
      first?.body ?? '',
      first?.headers as Record<string, string>,
    );
    const { timestamp, ...body } = verified as { timestamp: string };
    expect(Number.isNaN(Date.parse(timestamp))).to.equal(false);
    expect(body).to.deep.equal({
      type: 'message.send',
      data: {
        ...{ roomId: 1, userId: 7, username: 'ann', content: 'hé', data: { a: 1 } },
        ...{ mentions: [3, 'room'], replyTo: target },
      },
    });
    expect(first?.headers['webhook-id']).to.equal('one');
    expect([second?.type, second?.about.target]).to.deep.equal(['message.append', target]);
    for (let time = 0; time < 20; time++) await submit('again');
    expect(endpoint.connections).to.be.below(5);
  });

  it('passes, changes and refuses texts', async () => {
    await start();
    endpoint.answer = ({ content }) => {
      if (content === 'bad') return { action: 'refuse', reason: `  no\nbad \u0007words ${'x'.repeat(300)}` };
      if (content === 'worse') return { action: 'refuse' };
      return content === 'dear'
        ? { action: 'change', content: '****', data: { hidden: true } }
        : { action: 'pass' };
    };
    expect(await submit('hi', { data: { a: 1 } })).to.deep.equal({ epoch: 1, seq: 1 });
    expect(await submit('dear')).to.deep.equal({ epoch: 1, seq: 2 });
    const refused = await submit('bad');
    expect(codeOf(refused)).to.equal('message_refused');
    const reason = String(refused instanceof Refusal && refused.message).replace(/^.*?text: /, '');
    expect(reason).to.match(/^no bad words x+…$/);
    expect(reason.length).to.equal(200);
    const without = await submit('worse');
    expect(without instanceof Refusal && without.message).to.equal('the application refused the text');
    expect(published.map(({ content, data }) => [content, data])).to.deep.equal([
      ['hi', { a: 1 }],
      ['****', { hidden: true }],
    ]);
  });

  it('publishes what a user sends to a room in this order, whenever the answers come', async () => {
    await start();
    const waits: Array<() => void> = [];
    endpoint.answer = ({ content }) =>
      new Promise((resolve) => {
        const action = content === '3' ? 'refuse' : 'pass';
        waits.push(() => resolve({ action }));
      });
    const sent = ['0', '1', '2', '3', '4'].map((content) => submit(content));
    const other = submit('of another user', { user: { id: 8, username: 'ben' } });
    const elsewhere = submit('in another room', { roomId: 2 });
    const deleted = hook.inTurn(1, ANN.id, () => publish({ content: 'deletion' }));
    const later = submit('5');
    await until('all requests', () => waits.length === 8);
    for (const index of [7, 6, 5]) waits[index]?.();
    await Promise.all([other, elsewhere]);
    expect(contents().sort()).to.deep.equal(['in another room', 'of another user']);
    for (const index of [4, 3, 2, 1, 0]) waits[index]?.();
    await Promise.all([...sent, deleted, later]);
    expect(contents().slice(2)).to.deep.equal(['0', '1', '2', '4', 'deletion', '5']);
  });

  it('has no more requests in progress than it may, and gives up what waits for too long', async () => {
    await start({ BEFORE_PUBLISH_CONCURRENCY: '2', BEFORE_PUBLISH_TIMEOUT_MS: '3000' });
    let answered = 0;
    endpoint.answer = async () => {
      await sleep(50);
      // From then on it hangs.
      return ++answered > 4 ? undefined : { action: 'pass' };
    };
    const sent = await Promise.all(
      Array.from({ length: 9 }, (_, at) => submit(String(at), { roomId: at + 1 })),
    );
    expect(endpoint.mostInProgress).to.equal(2);
    expect(sent.map(codeOf).filter((code) => code === 'hook_unavailable').length).to.equal(5);
    expect(published.length).to.equal(4);
  });

  it('is asked once about a text with an idempotency key, and again only if nothing was published', async () => {
    await start();
    endpoint.answer = async ({ content }) => {
      await sleep(30);
      return { action: content === 'bad' ? 'refuse' : 'pass' };
    };
    const first = await Promise.all([submit('hi', { key: 'k' }), submit('hi', { key: 'k' })]);
    // The client did not get the answer, and sends the message again.
    const again = await submit('hi', { key: 'k' });
    expect([...first, again]).to.deep.equal(Array(3).fill({ epoch: 1, seq: 1 }));
    expect(endpoint.contents).to.deep.equal(['hi']);
    for (let time = 0; time < 2; time++)
      expect(codeOf(await submit('bad', { key: 'b' }))).to.equal('message_refused');
    expect(endpoint.contents).to.deep.equal(['hi', 'bad', 'bad']);
  });

  it('rejects if the broker does, and goes on', async () => {
    await start();
    const broken = new Error('no broker');
    const draft = { type: 'send', id: 'x', roomId: 1, user: ANN, content: 'lost' } as const;
    const lost = hook.submit({
      ...{ draft, key: undefined, check: () => undefined },
      publish: () => Promise.reject(broken),
    });
    const next = submit('kept');
    expect(await lost.catch((error: unknown) => error)).to.equal(broken);
    expect(await next).to.deep.equal({ epoch: 1, seq: 1 });
  });

  for (const [onFailure, expected] of [
    ['refuse', 'hook_unavailable'],
    ['pass', 'published'],
  ] as const) {
    it(`with ${onFailure} does that to what has no answer in time, at once while the endpoint keeps hanging, until it answers`, async () => {
      await start({ BEFORE_PUBLISH_TIMEOUT_MS: '300', BEFORE_PUBLISH_ON_FAILURE: onFailure });
      endpoint.answer = () => undefined;
      const outcome = async (content: string): Promise<unknown> => {
        const code = codeOf(await submit(content));
        return typeof code === 'string' ? code : 'published';
      };
      const results = await Promise.all(Array.from({ length: 12 }, (_, at) => outcome(`${at}`)));
      expect(new Set(results)).to.deep.equal(new Set([expected]));
      const asked = endpoint.asked.length;
      // Nothing is asked for a while.
      for (let time = 0; time < 20; time++) expect(await outcome('more')).to.equal(expected);
      expect(endpoint.asked.length - asked).to.be.below(5);
      if (onFailure === 'pass')
        expect(contents().slice(0, 12)).to.deep.equal(results.map((_, at) => `${at}`));
      endpoint.answer = () => ({ action: 'change', content: 'works' });
      await until('the endpoint is asked again', async () => {
        await outcome('again');
        return contents().includes('works');
      });
    });
  }

  it('refuses what is too much to wait, and holds nothing afterwards', async () => {
    await start({ BEFORE_PUBLISH_TIMEOUT_MS: '500' });
    endpoint.answer = () => undefined;
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, at) => submit('x'.repeat(1_000_000), { roomId: at + 1 })),
    );
    expect(new Set(sent.map(codeOf))).to.deep.equal(new Set(['hook_unavailable']));
    expect(endpoint.asked.length).to.be.below(17);
    endpoint.answer = () => ({ action: 'pass' });
    await until(
      'it works again',
      async () => typeof codeOf(await submit('x'.repeat(1_000_000))) !== 'string',
    );
  });
});
