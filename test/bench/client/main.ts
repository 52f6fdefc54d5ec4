import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ChorusClient, type Room } from '@chorus/client';
import { SUBPROTOCOL } from '@chorus/protocol';
import { WebSocket } from 'ws';
import { benchCommand } from '../bench-command.js';
import { median } from '../median.js';

/*
 * `pnpm bench:client`: cost of a message for a receiving client, in processor time of this process; another process
 * sends the messages over a real socket, as fast as they are read. The client takes turns with readers that do less,
 * on one socket library, so that the client's own cost can be separated from that of the socket. Fails when the
 * client's cost exceeds its limit.
 */

const MESSAGES = 100_000;
const CHARACTERS = 128;
const ROUNDS = 8;
/** Limit on the client's own cost, parsing included, in microseconds per message. */
const MOST_ADDED = 5;

/** Reads all messages; resolves with the last one. */
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

/** Microseconds of processor time per message. */
async function measure(reader: Reader, url: string): Promise<number> {
  const before = process.cpuUsage();
  await reader(url);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / MESSAGES;
}

benchCommand(
  'bench:client',
  'Measures the processor time that a received message costs the client, and fails above a limit.',
).parse();

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
  `µs per message of ${CHARACTERS} characters, median (lowest to highest) of ${ROUNDS} × ${MESSAGES}`,
);
for (const [name, values] of costs) {
  const cost = median(values);
  const range = `(${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
  const added = `${(cost - alone).toFixed(2)} more than the socket, ${(cost / parsed).toFixed(2)} × a bare reader`;
  console.log(`${name.padEnd(28)}${cost.toFixed(2)} ${range} · ${added}`);
  if (cost - alone > MOST_ADDED) process.exitCode = 1;
}
console.log(
  `limit for the client: ${MOST_ADDED} more than the socket; ${process.exitCode === 1 ? 'exceeded' : 'kept'}`,
);
