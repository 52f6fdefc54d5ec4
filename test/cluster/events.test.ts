import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database } from '@chorus/database';
import { connectPlain, eventually, type PlainSocket, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

/** Pause of a sender after ten messages, in milliseconds: the webhook receives each room's events one after the other. */
const PACE_MS = 300;

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly roomId?: number;
    readonly seq?: number;
    readonly message?: { content: string } | null;
  };
}

describe('events of a cluster', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  let db: Database;
  let ann: Person;
  let receiver: Server;
  /** Events that the webhook received, in the order of their first deliveries. */
  const received = new Map<string, Event>();

  before(async () => {
    cluster = await startTestCluster({
      ...{ gateways: 2, apis: 1, archivers: 2, dispatchers: 2, ownServers: true },
      env: {
        ...OPERATOR_SETTINGS,
        ARCHIVE_INTERVAL_MS: '20',
        ARCHIVE_BATCH_MESSAGES: '25',
        ARCHIVE_LEASE_MS: '1000',
        MAX_MESSAGES_PER_SECOND: '10000',
        WEBHOOK_ALLOW_ADDRESSES: '127.0.0.0/8',
      },
    });
    db = createDatabase(cluster.postgres.url, { poolSize: 2, timeoutMs: patiently(10_000) });
    receiver = createServer(async (request, response) => {
      const event: Omit<Event, 'id'> = JSON.parse(await text(request));
      const id = String(request.headers['webhook-id']);
      // Answered with a failure at first: each is delivered more than once.
      const fails = !received.has(id) && Math.random() < 0.001;
      if (!fails && !received.has(id)) received.set(id, { ...event, id });
      response.writeHead(fails ? 500 : 200).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    await operate(cluster, 'POST /webhooks', { url: `http://127.0.0.1:${port}` });
    ann = await createPerson(cluster.url, 'ann');
  });
  after(async () => {
    await db?.$disconnect();
    await cluster?.close();
    receiver?.closeAllConnections();
    receiver?.close();
  });

  /** Reads events until told to stop and none is left. */
  const read = (isDone: () => boolean): { events: Event[]; ended: Promise<void> } => {
    const events: Event[] = [];
    const run = async (): Promise<void> => {
      for (let after = '0'; ; ) {
        const done = isDone();
        const answer = await operate(cluster, `GET /events?after=${after}&wait=1&limit=50`);
        const page = answer.body as { events: Event[]; next: string };
        events.push(...page.events);
        after = page.next;
        if (done && page.events.length === 0) return;
      }
    };
    return { events, ended: run() };
  };

  it('are there once for each message, in order, none before its message, for readers and webhooks, while archivers and dispatchers are killed', async () => {
    const rooms = await Promise.all([1, 2, 3, 4, 5, 6].map(() => createRoom(cluster.url, ann)));
    const sockets = await Promise.all(
      rooms.map((room, at) => connectPlain(cluster.gateways[at % 2]?.url ?? '', room, ann.token)),
    );
    let [sending, reading] = [true, true];
    const reader = read(() => !reading);
    const sent = Promise.all(sockets.map((socket) => talk(socket, () => sending)));
    const stored = async (): Promise<number> => db.message.count();
    for (const member of [...cluster.archivers, ...cluster.dispatchers, ...cluster.archivers]) {
      const before = await stored();
      await eventually(async () => expect(await stored()).to.be.above(before), patiently(20_000));
      member.kill('SIGKILL');
      await member.exited();
      await member.start();
    }
    sending = false;
    const counts = await sent;
    const total = counts.reduce((sum, count) => sum + count, 0);
    await eventually(async () => expect(await stored()).to.equal(total), patiently(30_000));
    await eventually(async () => expect(await db.eventOutboxEntry.count()).to.equal(0), patiently(30_000));
    reading = false;
    await reader.ended;
    await eventually(() => expect(received.size).to.equal(reader.events.length), patiently(60_000));
    for (const [at, room] of rooms.entries())
      for (const events of [reader.events, [...received.values()]]) {
        const own = events.filter(({ type, data }) => type === 'message.created' && data.roomId === room);
        expect(own.map(({ data }) => data.seq)).to.deep.equal(
          Array.from({ length: counts[at] ?? 0 }, (_, index) => index + 1),
        );
        for (const { data } of own) expect(data.message?.content, `message ${data.seq}`).to.match(/^message/);
      }
    const ids = reader.events.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    await Promise.all(sockets.map((socket) => socket.close()));
  });
});

/** Sends messages as long as it should. @returns how many were delivered */
async function talk(socket: PlainSocket, goOn: () => boolean): Promise<number> {
  let count = 0;
  while (goOn()) {
    for (let n = 0; n < 10; n++) socket.send(`message ${++count}`);
    await socket.messages(count, patiently(20_000));
    await sleep(PACE_MS);
  }
  return count;
}
