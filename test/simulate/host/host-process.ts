import { setTimeout as sleep } from 'node:timers/promises';
import {
  createGateway,
  createRedisParts,
  type Gateway,
  type GatewayParts,
  loadGatewayConfig,
} from '@chorus/gateway';
import { Closer, createLogger } from '@chorus/service';
import { SimulatedSockets } from './simulated-sockets.js';
import type { Answer, HostState, Task } from './tasks.js';

/*
 * A process with many whole gateways over a real Redis. Their sockets are simulated: no frame is written. All gateways share one event loop and one
 * heap, so what a process of Node.js costs by itself is not part of the figures.
 */

const ROOMS = 1_000;
const FIRST_USER = 1_000_000_000;
const JOIN_TICK_MS = 100;
/** Time for which a user stays in the room, in milliseconds. */
const STAY_MS = 500;
const SETTINGS = {
  HOST: '127.0.0.1',
  PORT: '0',
  JWT_SECRET: 'a secret for simulations that is long enough',
  REBALANCE: 'auto',
  REBALANCE_SHARE_PER_MINUTE: '1',
  DRAIN_DELAY_MS: '0',
  DRAIN_MS: '0',
};

const log = createLogger({ service: 'simulate', level: 'error' });
const closer = new Closer();
const gateways: Gateway[] = [];
const stores: GatewayParts['presence'][] = [];
const sockets = new SimulatedSockets(gateways);
closer.add({ close: async () => sockets.close() });
let joining: NodeJS.Timeout | undefined;
let joins = 0;

async function perform(task: Task): Promise<void> {
  switch (task.type) {
    case 'start':
      for (const nodeId of task.nodeIds) await start(task.url, nodeId);
      return;
    case 'fill':
      return sockets.fill(task.sockets);
    case 'join':
      return joinFromNowOn(task.perSecond);
    case 'read':
      return;
    default:
      return task satisfies never;
  }
}

async function start(url: string, nodeId: string): Promise<void> {
  const config = loadGatewayConfig({ ...SETTINGS, NODE_ID: nodeId, REDIS_URL: url });
  const parts = closer.add(createRedisParts(config, log));
  gateways.push(closer.add(await createGateway(config, parts)));
  stores.push(parts.presence);
}

function joinFromNowOn(perSecond: number): void {
  clearInterval(joining);
  if (perSecond === 0) return;
  let due = 0;
  joining = setInterval(() => {
    for (due += (perSecond * JOIN_TICK_MS) / 1_000; due >= 1; due--) {
      stay(joins++).catch((error: unknown) => log.error({ err: error }, 'a simulated user failed'));
    }
  }, JOIN_TICK_MS);
}

/** Lets a user join a room through one of the gateways, and leave it. */
async function stay(number: number): Promise<void> {
  const at = number % gateways.length;
  const [gateway, store] = [gateways[at], stores[at]];
  if (gateway === undefined || store === undefined) return;
  const roomId = 1 + (number % ROOMS);
  const member = { id: FIRST_USER + number, username: `user-${number}` };
  await store.join(gateway.nodeId, roomId, member);
  await sleep(STAY_MS);
  await store.leave(gateway.nodeId, roomId, member);
}

function state(): HostState {
  const { user, system } = process.cpuUsage();
  return {
    micros: user + system,
    sockets: gateways.map(({ connections }) => connections.size),
    reconnectRequests: gateways.reduce(
      (sum, { connections }) => sum + connections.reconnectRequests.rebalance,
      0,
    ),
    ready: gateways.every(({ health }) => health.state === 'ready'),
    joins,
  };
}

process.on('message', async (task: Task) => {
  const answer = (response: Answer): void => {
    process.send?.(response);
  };
  try {
    await perform(task);
    answer({ state: state() });
  } catch (error) {
    answer({ error: String(error) });
  }
});
process.on('disconnect', () => {
  clearInterval(joining);
  void closer.close();
});
