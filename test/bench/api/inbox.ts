import { Tokens } from '@chorus/auth';
import { cpuMicros } from '@chorus/loadtest';
import { Closer } from '@chorus/service';
import { request } from '@chorus/testing';
import { benchCommand } from '../bench-command.js';
import { OWN_ROOM_IDS, openStage, startApi, USER } from './stage.js';

/*
 * `pnpm bench:inbox`: latency of `GET /api/inbox` and of one page of messages, for a user who is a member of 500 rooms, with ten million
 * messages stored.
 */

const REQUESTS = 500;
const WARM_UP = 100;

async function run(messages: number, closer: Closer): Promise<Array<Record<string, string | number>>> {
  const stage = await openStage(messages, closer);
  const token = new Tokens(stage.secret).sign(USER);
  const api = await startApi(stage, token, closer);
  const get = async (path: string): Promise<void> => {
    const { status, body } = await request(api.url + path, { token });
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  };
  const roomAt = (at: number): number => OWN_ROOM_IDS[at % OWN_ROOM_IDS.length] ?? 4;
  const paths: Record<string, (at: number) => string> = {
    'GET /api/inbox': () => '/api/inbox',
    'GET /api/inbox?limit=100': () => '/api/inbox?limit=100',
    'GET /api/inbox?roomId=': (at) => `/api/inbox?roomId=${roomAt(at)}`,
    'GET …/messages': (at) => `/api/rooms/${roomAt(at)}/messages`,
  };
  const table: Array<Record<string, string | number>> = [];
  for (const [name, path] of Object.entries(paths)) {
    const times: number[] = [];
    let cpu = 0;
    for (let at = -WARM_UP; at < REQUESTS; at++) {
      if (at === 0) cpu = cpuMicros(api.pid);
      const started = performance.now();
      await get(path(at + WARM_UP));
      if (at >= 0) times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    const percentile = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
    const micros = Math.round((cpuMicros(api.pid) - cpu) / REQUESTS);
    table.push({
      request: name,
      'p50 ms': percentile(0.5),
      'p99 ms': percentile(0.99),
      'API CPU µs': micros,
    });
  }
  return table;
}

const { messages = '10000000' } = benchCommand(
  'bench:inbox',
  'Measures the inbox of a user with 500 rooms, with many messages stored.',
)
  .option('--messages <number>', 'messages in the database')
  .parse()
  .opts<{ messages?: string }>();

const closer = new Closer();
try {
  console.table(await run(Number(messages), closer));
} finally {
  await closer.close();
}
