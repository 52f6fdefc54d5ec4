import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createDatabase, type Database, EventFeed, EventLog, recordEvents } from '@chorus/database';
import { migratedTestDatabase } from '@chorus/database/testing';
import { eventually, patiently, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { Webhook as Verifier } from 'standardwebhooks';
import { AllowedAddresses, parseRange } from './addresses.js';
import { WebhookDispatching } from './dispatching.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookRepository } from './webhook-repository.js';

const DAY_MS = 86_400_000;
const SECRET = `whsec_${randomBytes(32).toString('base64')}`;

interface Received {
  readonly id: string;
  readonly roomId: number | undefined;
  readonly n: unknown;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('webhooks', function () {
  this.timeout(120_000);
  let db: Database;
  let receiver: Server;
  let url: string;
  let received: Received[];
  /** What the receiver answers; nothing if it returns undefined. */
  let answer: (event: Received, response: ServerResponse) => number | undefined | Promise<number | undefined>;
  const running: WebhookDispatching[] = [];

  before(async () => {
    db = createDatabase(await migratedTestDatabase(), { poolSize: 20, timeoutMs: 10_000 });
    receiver = createServer(async (request, response) => {
      const body = await text(request).catch(() => '');
      const { data } = JSON.parse(body);
      const id = String(request.headers['webhook-id']);
      const event = { id, roomId: data.roomId, n: data.n, headers: request.headers, body };
      const status = await answer(event, response);
      if (status === undefined) return;
      if (status < 300) received.push(event);
      response.writeHead(status, status === 302 ? { Location: `${url}/elsewhere` } : {}).end('{}');
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  beforeEach(async () => {
    received = [];
    answer = () => 200;
    await db.$executeRaw`TRUNCATE events, event_outbox, webhooks CASCADE`;
    await db.$executeRaw`UPDATE event_log SET position = 0, removed = 0`;
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.close()));
  });
  after(async () => {
    receiver.closeAllConnections();
    receiver.close();
    await db.$disconnect();
  });

  const start = (options: { allow?: string[]; retentionMs?: number; leaseMs?: number } = {}) => {
    const { allow = ['127.0.0.0/8'], retentionMs = 3 * DAY_MS, leaseMs = 10_000 } = options;
    const log = new EventLog(db);
    const counts = { delivered: 0, failed: 0, given_up: 0 };
    const dispatching = new WebhookDispatching(
      {
        ...{ log, feed: new EventFeed(log), counts, concurrency: 8, retentionMs, firstRetryMs: 100 },
        client: new WebhookClient(new AllowedAddresses(allow.map(parseRange)), 8),
        repository: new WebhookRepository(db, randomBytes(4).toString('hex'), leaseMs),
        logger: silentLog,
      },
      leaseMs,
      silentLog,
    );
    dispatching.start();
    running.push(dispatching);
    return { dispatching, counts };
  };
  const webhook = (fields: object = {}) =>
    db.webhook.create({ data: { url, secret: SECRET, position: 0, ...fields } });
  /** Records events of a room, numbered from `from`. */
  const record = async (roomId: number, count: number, from = 1): Promise<void> => {
    const numbers = Array.from({ length: count }, (_, index) => from + index);
    await recordEvents(
      db,
      numbers.map((n) => ({ type: 'room.changed', roomId, data: { n } }) as const),
    );
    await db.$queryRaw`SELECT chorus_sequence_events(100000)`;
  };
  const numbers = (roomId: number, events = received) =>
    events.filter((event) => event.roomId === roomId).map(({ n }) => n);
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const state = async () => db.webhook.findFirstOrThrow();

  it('receive every event once, in the order of each room, signed as Standard Webhooks says', async () => {
    await webhook();
    start();
    for (const room of [1, 2, 3]) await record(room, 30);
    await eventually(() => expect(received).to.have.length(90), patiently(20_000));
    for (const room of [1, 2, 3]) expect(numbers(room)).to.deep.equal(upTo(30));
    expect(new Set(received.map(({ id }) => id)).size).to.equal(90);
    for (const { body, headers } of received) {
      const signed = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, String(value)]),
      );
      expect(new Verifier(SECRET).verify(body, signed)).to.have.all.keys('type', 'timestamp', 'data');
      expect(() => new Verifier(SECRET).verify(`${body} `, signed)).to.throw();
    }
    await eventually(async () => expect((await state()).position).to.equal(90n));
  });

  it('receive only the types and rooms that they name', async () => {
    await webhook({ events: ['room.deleted'], rooms: [2n] });
    start();
    await record(1, 3);
    await recordEvents(db, [
      { type: 'room.deleted', roomId: 1 },
      { type: 'room.deleted', roomId: 2 },
    ]);
    await record(2, 3);
    await eventually(async () => expect((await state()).position).to.equal(8n), patiently(10_000));
    expect(received.map(({ roomId }) => roomId)).to.deep.equal([2]);
  });

  for (const [how, fail] of Object.entries<(response: ServerResponse) => number | undefined>({
    'answers with an error': () => 500,
    redirects: () => 302,
    'closes the connection': (response) => {
      response.destroy();
      return undefined;
    },
  })) {
    it(`an event of one room whose delivery ${how} holds up this room only, and is retried in order`, async () => {
      await webhook();
      let failing = true;
      answer = ({ roomId, n }, response) => (failing && roomId === 1 && n === 2 ? fail(response) : 200);
      start();
      await record(1, 5);
      await record(2, 20);
      await eventually(() => expect(numbers(2)).to.deep.equal(upTo(20)), patiently(20_000));
      expect(numbers(1)).to.deep.equal([1]);
      await record(1, 3, 6);
      await record(2, 5, 21);
      await eventually(() => expect(numbers(2)).to.deep.equal(upTo(25)), patiently(20_000));
      expect(numbers(1)).to.deep.equal([1]);
      const [lane] = await db.webhookLane.findMany();
      expect([lane?.roomId, lane?.next]).to.deep.equal([1n, 2n]);
      failing = false;
      await eventually(() => expect(numbers(1)).to.deep.equal(upTo(8)), patiently(20_000));
      await eventually(async () => expect(await db.webhookLane.count()).to.equal(0), patiently(10_000));
      await record(1, 2, 9);
      await eventually(() => expect(numbers(1)).to.deep.equal(upTo(10)), patiently(10_000));
    });
  }

  it('an endpoint that is down is tried seldom, costs others nothing and catches up in order', async () => {
    const [down] = [await webhook(), await webhook({ url: `${url}/other` })];
    const ok = createServer((request, response) => {
      request.resume().on('end', () => response.end());
      others++;
    }).listen(0, '127.0.0.1');
    let others = 0;
    await once(ok, 'listening');
    const other = `http://127.0.0.1:${(ok.address() as AddressInfo).port}`;
    await db.$executeRaw`UPDATE webhooks SET url = ${other} WHERE id <> ${down.id}`;
    let isDown = true;
    let tries = 0;
    answer = () => {
      tries++;
      return isDown ? 503 : 200;
    };
    start();
    for (const room of [1, 2, 3, 4]) await record(room, 100);
    await eventually(() => expect(others).to.equal(400), patiently(30_000));
    expect(tries).to.be.below(40);
    const { position, attempts, lastStatus } = await db.webhook.findUniqueOrThrow({ where: { id: down.id } });
    expect([position, lastStatus]).to.deep.equal([0n, 503]);
    expect(attempts).to.be.above(0);
    isDown = false;
    // The first event of some rooms is delivered once more: it was the one that showed that the endpoint is back.
    await eventually(
      () => expect(new Set(received.map(({ id }) => id)).size).to.equal(400),
      patiently(60_000),
    );
    for (const room of [1, 2, 3, 4]) expect([...new Set(numbers(room))]).to.deep.equal(upTo(100));
    ok.closeAllConnections();
    ok.close();
  });

  it('an endpoint that answers 410 receives nothing more', async () => {
    await webhook();
    answer = () => 410;
    start();
    await record(1, 3);
    await eventually(async () => expect((await state()).enabled).to.equal(false), patiently(10_000));
    expect((await state()).position).to.equal(0n);
  });

  it('events are given up after the retention, which is an event, and the next ones are delivered', async () => {
    await webhook();
    answer = ({ roomId, n }) => (roomId === 1 && n === 1 ? 500 : 200);
    start({ retentionMs: 300 });
    await record(2, 1);
    await record(1, 3);
    await eventually(() => expect([...new Set(numbers(1))]).to.deep.equal([2, 3]), patiently(30_000));
    const [dead] = await db.webhookDeadLetter.findMany();
    expect([dead?.position, dead?.lastStatus]).to.deep.equal([2n, 500]);
    const outbox = await db.eventOutboxEntry.findMany();
    expect(outbox.map(({ type, data }) => [type, data])).to.deep.equal([
      ['webhook.dead_lettered', { webhookId: Number((await state()).id), eventId: 'evt_2' }],
    ]);
  });

  it('that are down give up everything older than the retention, and receive what is younger', async () => {
    await webhook({ failingSince: new Date(Date.now() - 4 * DAY_MS), attempts: 20 });
    let isDown = true;
    answer = () => (isDown ? 503 : 200);
    await record(1, 10);
    await record(2, 10);
    await db.$executeRaw`UPDATE events SET at = now() - interval '4 days' WHERE position < 16`;
    start();
    await eventually(async () => expect((await state()).position).to.equal(15n), patiently(20_000));
    isDown = false;
    await db.$executeRaw`UPDATE webhooks SET attempts = 0, next_attempt_at = NULL, leased_by = NULL`;
    await eventually(
      () => expect([...new Set(numbers(2))]).to.deep.equal([6, 7, 8, 9, 10]),
      patiently(20_000),
    );
    expect(await db.webhookDeadLetter.count()).to.equal(15);
  });

  it('are taken over from a dispatcher that ends or dies, and nothing is lost', async () => {
    await webhook();
    const { dispatching } = start();
    await record(1, 50);
    await eventually(() => expect(received.length).to.be.above(0), patiently(10_000));
    await dispatching.close();
    running.splice(0);
    start({ leaseMs: 2_000 });
    await record(1, 50, 51);
    await eventually(() => expect([...new Set(numbers(1))]).to.deep.equal(upTo(100)), patiently(20_000));
    // As one that was killed leaves it.
    await Promise.all(running.splice(0).map((each) => each.close()));
    await db.$executeRaw`UPDATE webhooks SET leased_by = 'dead', leased_until = now() + interval '1 second'`;
    start();
    await record(1, 10, 101);
    await eventually(() => expect([...new Set(numbers(1))]).to.deep.equal(upTo(110)), patiently(20_000));
  });

  it('are sent by one of several dispatchers', async () => {
    await webhook();
    for (let n = 0; n < 3; n++) start();
    for (const room of [1, 2]) await record(room, 100);
    await eventually(() => expect(received.length).to.be.at.least(200), patiently(20_000));
    expect(received).to.have.length(200);
  });

  it('sign with both secrets during a rotation', async () => {
    const before = `whsec_${randomBytes(32).toString('base64')}`;
    await webhook({ previousSecret: before, previousUntil: new Date(Date.now() + DAY_MS) });
    start();
    await record(1, 1);
    await eventually(() => expect(received).to.have.length(1), patiently(10_000));
    const [{ body, headers } = { body: '', headers: {} }] = received;
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    for (const secret of [SECRET, before])
      expect(() => new Verifier(secret).verify(body, signed)).not.to.throw();
  });

  it('deliver a span once more beside everything else', async () => {
    const { id } = await webhook();
    start();
    await record(1, 5);
    await eventually(() => expect(received).to.have.length(5), patiently(10_000));
    await db.webhookLane.create({ data: { webhookId: id, next: 2, until: 4 } });
    await db.webhook.update({ where: { id }, data: { leasedBy: null } });
    await eventually(() => expect(numbers(1)).to.deep.equal([1, 2, 3, 4, 5, 2, 3, 4]), patiently(10_000));
    await eventually(async () => expect(await db.webhookLane.count()).to.equal(0), patiently(10_000));
    expect(new Set(received.map((event) => event.id)).size).to.equal(5);
  });

  describe('are not sent to addresses that are not public', () => {
    for (const target of [
      'http://127.0.0.1',
      'http://localhost',
      'http://[::1]',
      'http://0x7f.1',
      'http://[::ffff:127.0.0.1]',
    ]) {
      it(target, async () => {
        await webhook({ url: url.replace('http://127.0.0.1', target) });
        start({ allow: [] });
        await record(1, 1);
        await eventually(
          async () => expect((await state()).lastError).to.match(/is not a public address/),
          patiently(10_000),
        );
        expect(received).to.deep.equal([]);
      });
    }

    it('such as those of clouds, private networks and translations', () => {
      const addresses = new AllowedAddresses([]);
      const refused = ['169.254.169.254', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '0.0.0.0'];
      const six = ['fd00::1', 'fe80::1', '::', '64:ff9b::a00:1', '2002:a00:1::', 'ff02::1', 'x'];
      for (const each of [...refused, ...six]) expect(addresses.allows(each), each).to.equal(false);
      for (const each of ['8.8.8.8', '2606:4700:4700::1111'])
        expect(addresses.allows(each), each).to.equal(true);
      const some = new AllowedAddresses([parseRange('10.0.0.0/8'), parseRange('fd00::/8')]);
      for (const each of ['10.1.2.3', 'fd00::1', '::ffff:10.1.2.3'])
        expect(some.allows(each), each).to.equal(true);
      expect(some.allows('192.168.1.1')).to.equal(false);
    });
  });
});
