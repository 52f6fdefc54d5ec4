import { Keyspace, PARTITIONS } from '/work/main/packages/broker/dist/index.js';
import { startRedis } from '/work/main/packages/local/dist/index.js';
import { RedisPresenceStore } from '/work/main/packages/presence/dist/index.js';
import { createLogger, createRedis, redisReady } from '/work/main/packages/service/dist/index.js';

const server = await startRedis();
const log = createLogger({ service: 'bench', level: 'info' });
const redis = createRedis({ urls: [server.url], cluster: false, commandTimeoutMs: 10000 }, log, 'bench');
await redisReady(redis, 5000);
const keyspace = new Keyspace('chorus');
const announcer = {
  command: 'PUBLISH' as const,
  channel: (r: number) => keyspace.channel(r),
  envelope: (f: string) => `\n${f}`,
};
const store = new RedisPresenceStore(redis, { keyspace, announcer });
const NODES = 3,
  ROOMS = Number(process.argv[2] ?? 2000),
  SIZE = Number(process.argv[3] ?? 10);
const info = async () => {
  const t = await redis.info('memory');
  return Number(/used_memory:(\d+)/.exec(t)?.[1]);
};
const cpu = async () => {
  const t = await redis.info('cpu');
  return (Number(/used_cpu_sys:([\d.]+)/.exec(t)?.[1]) + Number(/used_cpu_user:([\d.]+)/.exec(t)?.[1])) * 1e6;
};
const measure = async (name: string, n: number, f: () => Promise<unknown>) => {
  const c0 = process.cpuUsage();
  const r0 = await cpu();
  const t0 = performance.now();
  await f();
  const dt = performance.now() - t0;
  const c = process.cpuUsage(c0);
  const r = (await cpu()) - r0;
  console.log(
    `${name}: ${n} in ${dt.toFixed(0)} ms = ${((n / dt) * 1000).toFixed(0)}/s; node ${((c.user + c.system) / n).toFixed(1)} us, redis ${(r / n).toFixed(1)} us each`,
  );
};
for (let i = 0; i < NODES; i++) await store.renew(`gateway-${i}`, 60000);
const base = await info();
const ops: Array<[string, number, { id: number; username: string }]> = [];
for (let r = 0; r < ROOMS; r++)
  for (let m = 0; m < SIZE; m++) {
    const id = r * SIZE + m + 1;
    ops.push([`gateway-${id % NODES}`, r + 1, { id, username: `user${id}` }]);
  }
async function pool(n: number, f: (o: (typeof ops)[0]) => Promise<unknown>) {
  let i = 0;
  await Promise.all(
    Array.from({ length: n }, async () => {
      while (i < ops.length) {
        const o = ops[i++];
        if (o) await f(o);
      }
    }),
  );
}
await measure('join (256 in flight)', ops.length, () => pool(256, (o) => store.join(...o)));
console.log(
  'redis bytes per member',
  ((await info()) - base) / ops.length,
  'total keys',
  await redis.dbsize(),
);
await measure('rejoin all at once', ops.length, () => Promise.all(ops.map((o) => store.join(...o))));
await measure('renew', 100, async () => {
  for (let i = 0; i < 100; i++) await store.renew('gateway-0', 60000);
});
await measure('expired', 100, async () => {
  for (let i = 0; i < 100; i++) await store.expired();
});
await measure('members(10)', 5000, async () => {
  for (let i = 0; i < 5000; i++) await store.members(1 + (i % ROOMS), 0, 1000);
});
await measure('everyone(1000)', 10, async () => {
  for (let i = 0; i < 10; i++) await store.everyone(0, 1000);
});
await measure('leave', ops.length / 2, () =>
  pool(256, (o) => (o[2].id % 2 ? store.leave(...o) : Promise.resolve())),
);
await store.release('gateway-0', 1);
await new Promise((r) => setTimeout(r, 20));
let n = 0;
await measure('reap', ops.length / 6, async () => {
  n = await store.reap('gateway-0');
});
console.log('departures', n, await store.expired());
await redis.quit();
await server.close();
