import type WebSocket from 'ws';
import { type BenchServer, startGateways, startPlainRelays } from './bench-gateways.js';
import { countMessages, measure, openSockets, steadily, TEXT } from './load.js';

/*
 * `pnpm bench:relay`: what order, history, acks and recovery add to a plain relay. Two nodes over one Redis each,
 * the same load, in turns, in one run; processor time of both nodes and Redis for each delivered message. Compare
 * ratios, for the figures move with the machine. `pnpm bench:relay "500 rooms"` runs the load of that name only.
 */

const ROUNDS = 3;

interface Load {
  name: string;
  rooms: number;
  members: number;
  /** Messages a second over all rooms. */
  perSecond: number;
}

const LOADS: readonly Load[] = [
  { name: '10 rooms of 100, 10,000 deliveries/s', rooms: 10, members: 100, perSecond: 100 },
  { name: '10 rooms of 300, 30,000 deliveries/s', rooms: 10, members: 300, perSecond: 100 },
  { name: '500 rooms of 4, 8,000 deliveries/s', rooms: 500, members: 4, perSecond: 2_000 },
];

interface Nodes {
  nodes: readonly BenchServer[];
  redisPid: number;
  close(): Promise<void>;
}

const SYSTEMS = { plain: plain, chorus: chorus };
type System = keyof typeof SYSTEMS;

async function plain(): Promise<Nodes> {
  return startPlainRelays(2);
}

async function chorus(rooms: number): Promise<Nodes> {
  const cluster = await startGateways(2);
  await cluster.createRooms(Array.from({ length: rooms }, (_, index) => index + 1));
  return { nodes: cluster.gateways, redisPid: cluster.redisPid, close: cluster.close };
}

/** Microseconds of processor time for each delivered message, by who spent it. */
async function cost(system: System, load: Load): Promise<{ nodes: number; redis: number }> {
  const { nodes, redisPid, close } = await SYSTEMS[system](load.rooms);
  const sockets: WebSocket[] = [];
  try {
    for (const [at, node] of nodes.entries()) {
      const share = (load.rooms * load.members) / nodes.length;
      sockets.push(...(await openSockets(node, share, (index) => (index % load.rooms) + 1, at * share + 1)));
    }
    const stop = steadily(load.perSecond, (index) => sockets[(index * 7) % sockets.length]?.send(TEXT));
    const pids = { first: nodes[0]?.pid ?? 0, second: nodes[1]?.pid ?? 0, redis: redisPid };
    const { cpu, delivered, seconds } = await measure(pids, countMessages(sockets));
    stop();
    console.error(`${system}, ${load.name}: ${Math.round(delivered / seconds)} deliveries/s`);
    return { nodes: (cpu.first + cpu.second) / delivered, redis: cpu.redis / delivered };
  } finally {
    for (const socket of sockets) socket.terminate();
    await close();
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const [wanted = ''] = process.argv.slice(2);
for (const load of LOADS.filter(({ name }) => name.includes(wanted))) {
  const costs: Record<System, Array<{ nodes: number; redis: number }>> = { plain: [], chorus: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const system of ['plain', 'chorus'] as const) costs[system].push(await cost(system, load));
  }
  const row = (system: System): { nodes: number; redis: number; all: number } => ({
    nodes: median(costs[system].map(({ nodes }) => nodes)),
    redis: median(costs[system].map(({ redis }) => redis)),
    all: median(costs[system].map(({ nodes, redis }) => nodes + redis)),
  });
  const [floor, ours] = [row('plain'), row('chorus')];
  const micros = (value: number): string => value.toFixed(2);
  console.log(`\n${load.name}: µs of processor time for each delivered message, medians of ${ROUNDS}`);
  console.table(
    Object.fromEntries(
      (['nodes', 'redis', 'all'] as const).map((who) => [
        who,
        {
          'plain relay': micros(floor[who]),
          chorus: micros(ours[who]),
          ratio: `× ${(ours[who] / floor[who]).toFixed(2)}`,
        },
      ]),
    ),
  );
}
