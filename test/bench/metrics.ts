import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros } from '@chorus/loadtest';
import { freePort } from '@chorus/local';
import type WebSocket from 'ws';
import { benchCommand } from './bench-command.js';
import { type BenchGateway, type BenchVariant, startGateways } from './gateway/bench-gateways.js';
import { openSockets, steadily, TEXT } from './gateway/load.js';

/*
 * `pnpm bench:metrics [CHECKOUT]`: cost of metrics for a gateway that is scraped every 5 seconds, as a ratio to a
 * gateway without an operator port under an equal load. The processes take turns of one second, so that changes of
 * the machine affect both. With another built checkout of Chorus as argument, its gateway is compared too.
 */

const SCRAPE_MS = 5_000;
const ROOMS = 500;
const PER_SECOND = 2_000;
const ROUNDS = Number(process.env.ROUNDS ?? 50);
const WARM_UP_MS = 200;
const TURN_MS = 1_000;
/** Batches depend on the load of a gateway: without them each message has one cost. */
const SETTINGS = { BATCH_WINDOW_MS: '0', DELIVERY_WINDOW_MS: '0' };
const IDLE_MS = 20_000;
const ANSWERS = 100;

interface Contender {
  name: string;
  gateway: BenchGateway;
  sockets: WebSocket[];
  scrape?: () => Promise<void>;
  /** Processor time per message in each round, in microseconds. */
  costs: number[];
}

const [other] = benchCommand(
  'bench:metrics',
  'Compares the processor time of a gateway with and without metrics that are scraped every 5 seconds.',
)
  .argument('[checkout]', 'folder of another built checkout, whose gateway is compared too')
  .parse().args;
const operatorPort = await freePort();
const variants: Array<BenchVariant & { name: string }> = [
  { name: 'without metrics' },
  { name: 'with metrics', env: { OPERATOR_PORT: String(operatorPort) } },
];
if (other !== undefined) {
  variants.push({ name: other, main: join(resolve(other), 'apps/gateway/dist/main.js') });
}
const cluster = await startGateways(variants.length, SETTINGS, variants);
try {
  const contenders: Contender[] = [];
  for (const [index, { name }] of variants.entries()) {
    const gateway = cluster.gateways[index];
    if (gateway === undefined) throw new Error('a gateway is missing');
    const first = index * ROOMS + 1;
    await cluster.createRooms(Array.from({ length: ROOMS }, (_, room) => first + room));
    const sockets = await openSockets(gateway, ROOMS, (socket) => first + socket, first);
    contenders.push({ name, gateway, sockets, costs: [] });
  }
  const [plain, metered] = contenders;
  if (plain === undefined || metered === undefined) throw new Error('a gateway is missing');
  let bytes = 0;
  metered.scrape = async () => {
    const response = await fetch(`http://127.0.0.1:${operatorPort}/metrics`);
    bytes = (await response.text()).length;
  };
  for (let round = 0; round < ROUNDS; round++) {
    // In alternating order: the first may have an advantage.
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      await turn(contender, round % (SCRAPE_MS / TURN_MS) === 0);
    }
  }
  await idle(contenders);
  const answerMicros = await spent(metered, async () => {
    for (let answer = 0; answer < ANSWERS; answer++) await metered.scrape?.();
  });
  const each = answerMicros / ANSWERS;
  console.error(
    `one scrape: ${bytes} bytes, ${each.toFixed(0)} µs, ${(each / SCRAPE_MS / 10).toFixed(3)} % of a core every ${SCRAPE_MS / 1_000} s`,
  );
  console.error(`${PER_SECOND} messages/s in ${ROOMS} rooms of 1`);
  console.table(
    contenders.map(({ name, costs }) => ({
      gateway: name,
      'µs per message': middle(costs).toFixed(2),
      'of that without metrics': (mean(costs) / mean(plain.costs)).toFixed(4),
      'middle of the ratios': middle(costs.map((cost, at) => cost / (plain.costs[at] ?? 1))).toFixed(4),
    })),
  );
} finally {
  await cluster.close();
}

/** Runs one contender under load, and scrapes its metrics if it has any and the scrape is due. */
async function turn({ gateway, sockets, costs, scrape }: Contender, asked: boolean): Promise<void> {
  let delivered = 0;
  const count = (): void => {
    delivered++;
  };
  for (const socket of sockets) socket.on('message', count);
  const stop = steadily(PER_SECOND, (index) => sockets[index % sockets.length]?.send(TEXT));
  await sleep(WARM_UP_MS);
  const before = { cpu: cpuMicros(gateway.pid), delivered };
  await sleep(TURN_MS / 2);
  if (asked) await scrape?.();
  await sleep(TURN_MS / 2);
  costs.push((cpuMicros(gateway.pid) - before.cpu) / (delivered - before.delivered));
  stop();
  await sleep(WARM_UP_MS);
  for (const socket of sockets) socket.off('message', count);
}

/** Cost of metrics without messages, for all contenders over one period. */
async function idle(contenders: readonly Contender[]): Promise<void> {
  const before = contenders.map(({ gateway }) => cpuMicros(gateway.pid));
  await sleep(IDLE_MS);
  for (const [at, { name, gateway }] of contenders.entries()) {
    const share = (cpuMicros(gateway.pid) - (before[at] ?? 0)) / IDLE_MS / 10;
    console.error(`idle, ${name}: ${share.toFixed(3)} % of a core`);
  }
}

/** Processor time of the gateway during the action, in microseconds. */
async function spent({ gateway }: Contender, action: () => Promise<void>): Promise<number> {
  const before = cpuMicros(gateway.pid);
  await action();
  return cpuMicros(gateway.pid) - before;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? 0) + (sorted[Math.ceil(at)] ?? 0)) / 2;
}
