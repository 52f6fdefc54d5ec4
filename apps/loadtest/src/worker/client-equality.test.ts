import { setTimeout as sleep } from 'node:timers/promises';
import { ChorusClient } from '@chorus/client';
import { type ScriptedConnection, ScriptedGateway } from '@chorus/client/testing';
import { CLOSE, type ClientFrame, type Position, type V1ServerFrame } from '@chorus/protocol';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import type { RoomChecker } from '../check/room-checker.js';
import { messageNumber, messageText } from '../plan/message-text.js';
import { Connection } from './connection.js';
import { dialect } from './dialects/chorus-v1.js';
import { Meters } from './meters.js';
import { LazyWheel } from './socket/lazy-wheel.js';

const ROOM = 1;
const BYTES = 64;

/** What a gateway does on one connection; it cuts the connection when a client has taken the last message. */
interface Stay {
  /** Undefined: the connection is cut before the join is answered. */
  readonly joined?: { at: Position; recovered: boolean };
  readonly messages: readonly Position[];
}

/** What a client requested on each connection, and what it took there. */
interface Outcome {
  readonly joins: ClientFrame[];
  readonly taken: number[];
}

const at = (seq: number, epoch = 1_000): Position => ({ epoch, seq });
/** Identifies messages by their positions. */
const numberOf = ({ epoch, seq }: Position): number => (epoch - 1_000) * 1_000 + seq;

const SITUATIONS: Readonly<Record<string, readonly Stay[]>> = {
  'nothing was said before the interruption': [
    { joined: { at: at(7), recovered: false }, messages: [] },
    { joined: { at: at(8), recovered: true }, messages: [at(8), at(9)] },
  ],
  'what was missed is replayed': [
    { joined: { at: at(0), recovered: false }, messages: [at(1), at(2)] },
    { joined: { at: at(4), recovered: true }, messages: [at(3), at(4), at(5)] },
  ],
  'the replay is interrupted as well': [
    { joined: { at: at(0), recovered: false }, messages: [at(1)] },
    { joined: { at: at(9), recovered: true }, messages: [at(2), at(3)] },
    { joined: { at: at(9), recovered: true }, messages: [at(4), at(5)] },
  ],
  'it is interrupted before it is in': [
    { joined: { at: at(3), recovered: false }, messages: [at(4)] },
    { messages: [] },
    { joined: { at: at(5), recovered: true }, messages: [at(5)] },
  ],
  'a new epoch begins while it is away': [
    { joined: { at: at(6), recovered: false }, messages: [at(7)] },
    { joined: { at: at(2, 1_001), recovered: true }, messages: [at(1, 1_001), at(2, 1_001)] },
  ],
  'what was missed is not to be had': [
    { joined: { at: at(1), recovered: false }, messages: [at(2)] },
    { joined: { at: at(90), recovered: false }, messages: [at(91)] },
    { joined: { at: at(92), recovered: true }, messages: [at(92)] },
  ],
};

interface Player {
  /** Whether it stays disconnected for good. */
  isGone(): boolean;
  end(): void;
}

type Start = (url: string, taken: (number: number) => void) => Player;

const CLIENTS: Readonly<Record<'client' | 'load tester', Start>> = {
  client(url, taken) {
    const client = new ChorusClient({
      ...{ url, token: 'a-token', webSocket: WebSocket, backoff: { baseMs: 20, capMs: 20 } },
      // The load tester reads no history: it counts missing messages as missed.
      api: { me: async () => undefined, messages: async () => ({ messages: [], after: null }) },
    });
    client.join(ROOM).on('message', ({ content }) => {
      const bytes = Buffer.from(content);
      taken(messageNumber(bytes, 0, bytes.length));
    });
    client.connect();
    return { isGone: () => client.state.status === 'closed', end: () => void client.close() };
  },

  'load tester'(url, taken) {
    const checker: RoomChecker = {
      length: 0,
      cursor: () => 0,
      arrived: (_member, number) => {
        taken(number);
        return true;
      },
      expect: () => {},
      exclude: () => {},
      strayed: () => {},
      report: () => ({ room: 0 }),
    };
    const scenario = { rate: 1, warmUpMs: 0, durationMs: 1_000, targets: [url] };
    const lazyWheel = new LazyWheel(1_000);
    const world = {
      ...{ dialect, payload: BYTES, lazyWheel, resumable: false },
      meters: new Meters(scenario, { firstCounted: 0 }),
      roomOf: () => 0,
      checkerOf: () => checker,
      poke: () => {},
      settled: () => {},
    };
    const connection = new Connection(
      world,
      {
        ...{
          index: 0,
          elsewhere: [],
          reconnectOverMs: undefined,
          localAddress: undefined,
          lazy: false,
          slow: false,
        },
        identity: { userId: 1, username: 'ann', token: 'a-token' },
        target: { index: 0, url: new URL(url.replace('http', 'ws')) },
      },
      [{ room: 0, roomId: ROOM, checker, member: 0 }],
    );
    connection.start();
    return {
      isGone: () => connection.state === 'gone',
      end: () => {
        connection.end();
        lazyWheel.close();
      },
    };
  },
};

async function play(start: Start, stays: readonly Stay[]): Promise<Outcome> {
  const gateway = await ScriptedGateway.start();
  const outcome: Outcome = { joins: [], taken: [] };
  let onTaken = (): void => {};
  const player = start(gateway.url, (number) => {
    outcome.taken.push(number);
    onTaken();
  });
  try {
    for (const stay of stays) {
      const connection = await gateway.connection();
      connection.say(WELCOME);
      outcome.joins.push(await connection.next());
      const wanted = outcome.taken.length + stay.messages.length;
      const all = new Promise<void>((resolve) => {
        onTaken = () => outcome.taken.length >= wanted && resolve();
        onTaken();
      });
      sayAll(connection, stay);
      await all;
      await answered(connection);
      connection.socket.terminate();
    }
    // Also what it requests next.
    const last = await gateway.connection();
    last.say(WELCOME);
    outcome.joins.push(await last.next());
    return outcome;
  } finally {
    player.end();
    await gateway.close();
  }
}

const WELCOME: V1ServerFrame = {
  ...{ type: 'welcome', connectionId: 'c', user: { id: 1, username: 'ann' }, expiresAt: null },
  limits: { maxFrameBytes: 16_384, maxMessagesPerSecond: 50, maxRooms: 100, idleTimeoutSeconds: 60 },
};

function sayAll({ say }: ScriptedConnection, { joined, messages }: Stay): void {
  if (joined === undefined) return;
  const { at, recovered } = joined;
  say({ type: 'room-joined', roomId: ROOM, ...at, recovered, stored: { epoch: 0, seq: 0 } });
  for (const { epoch, seq } of messages) {
    const number = numberOf({ epoch, seq });
    // In the gateways' order of the fields: the load tester relies on it.
    say({
      ...{ seq, epoch, type: 'message', content: messageText(number, BYTES), roomId: ROOM },
      ...{ username: 'bob', userId: 2, id: `m${number}`, sentAt: 0 },
    });
  }
}

/** Everything sent before has been read: clients answer pings in order. */
async function answered({ socket }: ScriptedConnection): Promise<void> {
  const pong = new Promise((resolve) => socket.once('pong', resolve));
  socket.ping();
  await pong;
}

/** How a connection ends, or what happens to the next attempt after a cut. */
type Ending =
  | { readonly close: number; readonly reconnectAfterMs?: number }
  | { readonly refuse: number; readonly retryAfterS?: number };

const ENDINGS: readonly Ending[] = [
  ...Object.values(CLOSE)
    .filter(({ code }) => code !== CLOSE.lost.code)
    .map(({ code }) => ({ close: code })),
  { close: CLOSE.restart.code, reconnectAfterMs: 200 },
  ...[400, 401, 403, 404, 408, 429, 502, 503].map((status) => ({ refuse: status })),
  { refuse: 503, retryAfterS: 1 },
];

/** Returns whether it stays disconnected or reconnects, and whether that is too early. */
async function returning(start: Start, ending: Ending): Promise<'gone' | 'back' | 'too early'> {
  const gateway = await ScriptedGateway.start();
  const player = start(gateway.url, () => {});
  const waiting = new AbortController();
  try {
    const { socket, say, next } = await gateway.connection();
    say(WELCOME);
    await next();
    say({ type: 'room-joined', roomId: ROOM, ...at(0), recovered: false, stored: at(0) });
    let earliest = performance.now();
    if ('refuse' in ending) {
      const { refuse: status, retryAfterS = 0 } = ending;
      const headers: Record<string, string> = retryAfterS > 0 ? { 'retry-after': String(retryAfterS) } : {};
      gateway.refusals.push({ status, headers });
      earliest += retryAfterS * 1_000;
      socket.terminate();
    } else {
      const { close, reconnectAfterMs } = ending;
      if (reconnectAfterMs !== undefined) say({ type: 'reconnect', afterMs: reconnectAfterMs });
      earliest += reconnectAfterMs ?? 0;
      socket.close(close);
    }
    const back = gateway.connection().then(() => (performance.now() < earliest ? 'too early' : 'back'));
    return await Promise.race([back, gone(player, waiting.signal)]);
  } finally {
    waiting.abort();
    player.end();
    await gateway.close();
  }
}

/** A load tester that gives up does not announce it. */
async function gone(player: Player, signal: AbortSignal): Promise<'gone'> {
  while (!player.isGone() && !signal.aborted) await sleep(10);
  return 'gone';
}

describe('the load tester and the client of the SDK', function () {
  this.timeout(30_000);

  // The load tester waits a random time of up to two seconds; the test does not depend on it.
  const { random } = Math;
  before(() => {
    Math.random = () => 0.02;
  });
  after(() => {
    Math.random = random;
  });

  for (const ending of ENDINGS) {
    it(`both reconnect, or both stay disconnected, after ${JSON.stringify(ending)}`, async () => {
      const [client, tester] = await Promise.all(
        [CLIENTS.client, CLIENTS['load tester']].map((start) => returning(start, ending)),
      );
      expect(client).to.be.oneOf(['gone', 'back']);
      expect(tester).to.equal(client);
    });
  }

  for (const [name, stays] of Object.entries(SITUATIONS)) {
    it(`request the same positions and take the same messages when ${name}`, async () => {
      const client = await play(CLIENTS.client, stays);
      const tester = await play(CLIENTS['load tester'], stays);
      expect(tester).to.deep.equal(client);
      expect(client.taken).to.deep.equal(stays.flatMap(({ messages }) => messages.map(numberOf)));
      expect(client.joins).to.have.length(stays.length + 1);
    });
  }
});
