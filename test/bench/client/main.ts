import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ChorusClient, type Room } from '@chorus/client';
import { SUBPROTOCOL } from '@chorus/protocol';
import { WebSocket } from 'ws';

/*
 * `pnpm bench:client`: what a message costs who receives it, in processor time of this process; another one sends them over a
 * real socket, as fast as they are read. The client takes turns with readers that do less, on the same socket library, so
 * that what the client adds can be told from what the socket costs anyway. Fails when that is more than it may be.
 */

const MESSAGES = 100_000;
const CHARACTERS = 128;
const ROUNDS = 8;
/** What the client may add to the socket, parsing included, in microseconds a message. */
const MOST_ADDED = 5;

/** Reads all messages; resolves when the last one is there. */
type Reader = (url: string) => Promise<void>;

const READERS: Readonly<Record<string, Reader>> = {
  '`ws` alone, nothing parsed': (url) => readBare(url, (data) => data.length),
  '`ws` and JSON.parse': (url) => readBare(url, (data) => JSON.parse(String(data)).content.length),
  'the client, a listener': async (url) => {
    const { client, room } = enter(url);
    await new Promise<void>((resolve) => {
      let left = MESSAGES;
      room.on('message', () => {
        if (--left === 0) resolve();
      });
    });
    void client.close();
  },
  'the client, `for await`': async (url) => {
    const { client, room } = enter(url);
    let left = MESSAGES;
    for await (const _message of room.messages({ buffer: MESSAGES })) if (--left === 0) break;
    void client.close();
  },
};

function enter(url: string): { client: ChorusClient; room: Room } {
  const history = { me: async () => ({}), messages: async () => ({ messages: [], after: null }) };
  const client = new ChorusClient({ url, webSocket: WebSocket, api: history });
  client.connect();
  return { client, room: client.join(1) };
}

async function readBare(url: string, look: (data: Buffer) => number): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/connect`, SUBPROTOCOL);
  let frames = 0;
  let read = 0;
  await new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      // The first two are `welcome` and `room-joined`.
      if (++frames === 1) socket.send('{"type":"join","roomId":1}');
      if (frames > 2) read += look(data);
      if (frames === MESSAGES + 2) resolve();
    });
  });
  if (read < MESSAGES * CHARACTERS) throw new Error('less was read than was sent');
  socket.close();
}

/** Microseconds of processor time a message. */
async function measure(reader: Reader, url: string): Promise<number> {
  const before = process.cpuUsage();
  await reader(url);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / MESSAGES;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const feeder = fork(fileURLToPath(new URL('feed.js', import.meta.url)), [
  String(MESSAGES),
  String(CHARACTERS),
]);
const [port] = await once(feeder, 'message');
const costs = new Map<string, number[]>(Object.keys(READERS).map((name) => [name, []]));
// The first round warms up.
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, reader] of Object.entries(READERS)) {
    const cost = await measure(reader, `http://127.0.0.1:${port}`);
    if (round > 0) costs.get(name)?.push(cost);
  }
}
feeder.disconnect();

const [alone = 0, parsed = 0] = [...costs.values()].map(median);
console.log(
  `µs a message of ${CHARACTERS} characters, median (lowest to highest) of ${ROUNDS} × ${MESSAGES}`,
);
for (const [name, values] of costs) {
  const cost = median(values);
  const range = `(${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
  const added = `${(cost - alone).toFixed(2)} more than the socket, ${(cost / parsed).toFixed(2)} × a bare reader`;
  console.log(`${name.padEnd(28)}${cost.toFixed(2)} ${range} · ${added}`);
  if (cost - alone > MOST_ADDED) process.exitCode = 1;
}
console.log(
  `the client may add ${MOST_ADDED}: ${process.exitCode === 1 ? 'it adds more' : 'it does not add more'}`,
);
