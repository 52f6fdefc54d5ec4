import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { type WebSocket, WebSocketServer } from 'ws';
import type { LoadResult, Moment } from '../result.js';
import { type Scenario, scenarioSchema } from '../scenario.js';
import type { Phase } from './load-parts.js';
import { LoadError } from './load-parts.js';
import { runLoad } from './run-load.js';

/** Speaks just enough of the plain protocol: every message of a room reaches all its members, in one order. */
async function startRelay(relay: (frame: string, members: Set<WebSocket>) => void = toAll) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const rooms = new Map<string, Set<WebSocket>>();
  let seq = 0;
  server.on('connection', (socket, request) => {
    const room = new URL(request.url ?? '/', 'ws://x').pathname;
    const members = rooms.get(room) ?? new Set();
    rooms.set(room, members.add(socket));
    socket.on('close', () => members.delete(socket));
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const frame = { seq: ++seq, epoch: 1, type: 'message', content: data.toString(), roomId: 1 };
      relay(JSON.stringify(frame), members);
    });
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    close: () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

function toAll(frame: string, members: Set<WebSocket>): void {
  for (const member of members) member.send(frame);
}

const identity = { userId: 1, username: 'ann', token: undefined };

describe('running a load', function () {
  this.timeout(120_000);
  let relay: Awaited<ReturnType<typeof startRelay>>;
  const scenario = (options: Partial<Scenario> = {}): Scenario =>
    scenarioSchema.parse({
      targets: [relay.url],
      protocol: 'plain',
      connections: 40,
      rooms: 4,
      membersPerRoom: 10,
      ramp: 1_000,
      rate: 100,
      warmUpMs: 300,
      durationMs: 1_700,
      settleMs: patiently(2_000),
      ...options,
    });
  const parts = { identities: [identity], roomIds: [11, 12, 13, 14] };

  afterEach(() => relay.close());

  /**
   * Everything that was expected was delivered: what `receivers` have of up to `most` messages. A slow machine does not
   * get to the last ones.
   */
  function expectAll({ verdict }: LoadResult, most: number, receivers: number): void {
    expect(verdict).to.include({ delivered: verdict.expected, lost: 0, duplicated: 0 });
    expect(verdict.expected % receivers).to.equal(0);
    expect(verdict.expected / receivers).to.be.within(most / 2, most);
  }

  it('reports what became of every message, per second and in total', async () => {
    relay = await startRelay();
    const moments: Moment[] = [];
    const phases: Phase[] = [];
    const result = await runLoad(scenario(), {
      ...parts,
      onMoment: (moment) => moments.push(moment),
      onPhase: (phase) => phases.push(phase),
    });
    expectAll(result, 200, 10);
    expect(result.connects).to.include({ ok: 40, failed: 0 });
    expect(result.messages.acked).to.equal(0);
    const { sent } = result.messages;
    expect(sent).to.be.within(85, 170);
    expect(result.messages.deliveryMs?.count).to.equal(10 * sent);
    expect(result.nodes).to.have.length(1);
    expect(result.nodes[0]).to.include({ connections: 40, delivered: result.messages.delivered });
    // By the time of their arrival: some of the first are from before the measurement, some of the last come after it.
    expect(result.messages.delivered).to.be.within(10 * sent - 500, 10 * sent + 500);
    expect(phases).to.deep.equal(['before', 'connected', 'measuring', 'end']);
    expect(moments.length).to.be.at.least(2);
    expect(result.timeline).to.deep.equal(moments);
    expect(Math.max(...moments.map(({ connected }) => connected))).to.equal(40);
  });

  it('finds what a server loses, also in a room that two workers share', async () => {
    let count = 0;
    relay = await startRelay((frame, members) => {
      count++;
      const [unlucky] = members;
      for (const member of members) if (count !== 20 || member !== unlucky) member.send(frame);
    });
    const options = { rooms: 1, membersPerRoom: 40, workers: 2 };
    const { verdict } = await runLoad(scenario(options), parts);
    expect(verdict).to.include({ delivered: verdict.expected - 1, lost: 1, duplicated: 0 });
    expect(verdict.expected % 40).to.equal(0);
    expect(verdict.expected).to.be.within(4_000, 8_000);
  });

  it('excludes slow readers from the receivers', async () => {
    relay = await startRelay();
    expectAll(await runLoad(scenario({ slowReaders: 4 }), parts), 200, 9);
  });

  it('delivers everything to lazy readers, without measuring their latency', async () => {
    relay = await startRelay();
    const result = await runLoad(scenario({ lazyShare: 0.5 }), parts);
    expectAll(result, 200, 10);
    expect(result.messages.deliveryMs?.count).to.equal(5 * result.messages.sent);
  });

  it('counts what members miss whom the server does not let catch up', async () => {
    relay = await startRelay();
    const { verdict, resumes } = await runLoad(scenario({ churn: 20, churnAwayMs: 300, rate: 400 }), {
      ...parts,
      dialect: new URL('../testing/forgetful-dialect.js', import.meta.url).href,
    });
    expect(verdict.lost).to.be.greaterThan(0);
    expect(resumes).to.include({ ok: 0, failed: 0 });
    expect(resumes.unrecovered).to.be.within(1, 34);
  });

  it('counts reconnects by connection and second', async () => {
    relay = await startRelay();
    const options = { churn: 20, churnAwayMs: 100, connections: 20, rooms: 2, durationMs: 1_900 };
    const { resumes, timeline } = await runLoad(scenario(options), {
      ...parts,
      dialect: new URL('../testing/forgetful-dialect.js', import.meta.url).href,
    });
    // 38 cuts of 20 connections, one after the other.
    const returns = resumes.perConnection.reduce((sum, connections, times) => sum + connections * times, 0);
    const tries = timeline.reduce((sum, { reconnects }) => sum + reconnects, 0);
    expect(returns)
      .to.equal(resumes.ok + resumes.unrecovered)
      .and.to.be.within(1, 38);
    expect(resumes.perConnection).to.have.length(3);
    expect(resumes.perConnection.reduce((sum, connections) => sum + connections, 0)).to.equal(20);
    // The last second is not over when the run ends.
    expect(tries).to.be.within(returns - 20, returns);
  });

  it('ends early when `enough` is aborted, and still waits for messages in flight', async () => {
    let held: Array<() => void> = [];
    relay = await startRelay((frame, members) => {
      held.push(() => toAll(frame, members));
    });
    const enough = new AbortController();
    const letGo = setInterval(() => {
      for (const send of held) send();
      held = [];
    }, 900);
    const { verdict, messages } = await runLoad(
      scenario({ warmUpMs: 0, durationMs: 600_000, settleMs: 20_000 }),
      {
        ...parts,
        enough: enough.signal,
        onMoment: ({ sent }) => {
          if (sent > 0) enough.abort();
        },
      },
    );
    clearInterval(letGo);
    expect(messages.seconds).to.be.below(599);
    expect(messages.sent).to.be.greaterThan(0);
    expect(verdict.expected)
      .to.equal(verdict.delivered)
      .and.to.be.greaterThan(messages.sent * 9);
  });

  it('ends early when the signal is aborted, with the results so far', async () => {
    relay = await startRelay();
    const abort = new AbortController();
    let measuring = 0;
    const { verdict, messages, connects } = await runLoad(scenario({ durationMs: 600_000 }), {
      ...parts,
      signal: abort.signal,
      onPhase: (phase) => {
        if (phase === 'measuring') measuring = 1;
      },
      onMoment: () => {
        if (measuring > 0 && measuring++ === 2) abort.abort();
      },
    });
    expect(connects.ok).to.equal(40);
    expect(messages.seconds).to.be.within(0.1, 599);
    expect(verdict.lost).to.equal(0);
    expect(verdict.delivered).to.be.greaterThan(0);
  });

  it('counts failed connects by their reasons, and continues without them', async () => {
    relay = await startRelay();
    relay.server.options.verifyClient = ({ req }: { req: IncomingMessage }) => !req.url?.includes('/12');
    const result = await runLoad(scenario(), parts);
    expect(result.connects).to.include({ ok: 30, failed: 10 });
    expect(result.connects.failures).to.deep.equal({ 'HTTP 401': 10 });
    expectAll(result, 150, 10);
  });

  it('reports why a worker died, and leaves none behind', async () => {
    relay = await startRelay();
    const dialect = new URL('../testing/deadly-dialect.js', import.meta.url).href;
    const error = await runLoad(scenario(), { ...parts, dialect }).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(LoadError);
    expect((error as LoadError).message).to.match(/^worker [12]: ended with exit code 1: Error: too much/);
    // The other worker has disconnected as well.
    while (relay.server.clients.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('requires users, and enough rooms', async () => {
    relay = await startRelay();
    for (const [given, message] of [
      [{ ...parts, identities: [] }, 'there are no users'],
      [{ ...parts, roomIds: [1] }, 'there are 1 rooms and 4 are needed'],
    ] as const) {
      const error = await runLoad(scenario(), given).catch((error: unknown) => error);
      expect((error as LoadError).message).to.equal(message);
    }
  });
});
