import { setTimeout as sleep } from 'node:timers/promises';
import { RedisNodeRegistry } from '@chorus/control';
import { type LoadResult, type Provisioned, provision } from '@chorus/loadtest';
import { Keyspace } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';
import { type Company, type Load, perform, roomsFor, type Scene } from '../../rehearsals/perform.js';
import { atMost, type Check, count, mostReconnects, unharmed } from '../../report/checks.js';
import { latency } from '../../report/report.js';
import { BALANCER } from '../cluster/balancer.js';
import type { Kubectl } from '../cluster/kubectl.js';
import type { Section } from '../report.js';
import { type Act, Operator, secretOf } from './acts.js';

/** Undisturbed time before and after an act, in milliseconds. */
const QUIET_MS = 3_000;
/** Time within which all clients must be back, in milliseconds. */
const RETURN_MS = 30_000;
const TOKEN_SECONDS = 3_600;
/** Target for the 99th percentile from the end of a socket until its client has caught up, in milliseconds. */
const CATCH_UP_MS = 5_000;

/** Performs acts under load, one load each. */
export class UnderLoad {
  #roomIds: readonly number[] | undefined;

  constructor(
    private readonly kubectl: Kubectl,
    private readonly load: Load,
    private readonly company: Company,
  ) {}

  async try(act: Act): Promise<Section> {
    const operator = new Operator(this.kubectl);
    const people = await this.#people(operator);
    this.#roomIds = people.roomIds;
    const secret = await secretOf(operator, 'REDIS_URL');
    const address = await operator.run('get', 'pod', 'chorus-redis-0', '-o', 'jsonpath={.status.podIP}');
    const redis = await connectRedis(redisAt(secret.replace('@chorus-redis:', `@${address}:`)));
    const registry = new RedisNodeRegistry(redis, new Keyspace('chorus'));
    try {
      const stage = { balancer: { targets: [`ws://${BALANCER}`] }, people, nodes: () => registry.nodes() };
      const { result, spreads } = await perform(
        stage,
        this.load,
        (scene) => this.#perform(act, operator, scene),
        this.company,
      );
      const last = Object.values(spreads.at(-1)?.connections ?? {}).map(count);
      return {
        title: act.title,
        checks: actChecks(act, result),
        notes: [...figures(result), `sockets of each gateway at the end: ${last.join(', ')}`],
      };
    } finally {
      redis.disconnect();
    }
  }

  async #perform(act: Act, operator: Operator, scene: Scene): Promise<void> {
    await sleep(QUIET_MS);
    scene.note(act.title);
    await act.perform(operator, scene);
    scene.note('done');
    const { connections } = this.load;
    await scene.until(({ connected }) => connected === connections, RETURN_MS);
    await sleep(QUIET_MS);
  }

  /** Users with tokens of the current key; rooms are made by the API, once. */
  async #people(operator: Operator): Promise<Provisioned> {
    return provision({
      api: `http://${BALANCER}`,
      secret: await secretOf(operator, 'JWT_SECRET'),
      password: '',
      prefix: 'rehearse',
      users: this.load.connections,
      rooms: roomsFor(this.load),
      roomIds: this.#roomIds,
      ttlSeconds: TOKEN_SECONDS,
      progress: () => undefined,
    });
  }
}

/** Targets of an act. */
export function actChecks(act: Act, result: LoadResult): Check[] {
  const common = unharmed(result).filter(({ name }) => act.refuses !== true || name !== 'messages refused');
  const checks = [...common, atMost('reconnects of any client', act.moves, mostReconnects(result))];
  const catchUp = result.resumes.ms?.p99;
  if (catchUp !== undefined) {
    checks.push(atMost('until caught up, p99', CATCH_UP_MS / 1_000, catchUp / 1_000, ' s'));
  }
  if (act.silence !== undefined) checks.push(atMost('time without acks', act.silence, silence(result), ' s'));
  return checks;
}

/** Returns the longest time in which no client got an ack, in whole seconds. */
export function silence({ timeline, scenario }: LoadResult): number {
  const from = timeline.findIndex(({ acked }) => acked > 0);
  const to = timeline.findLastIndex(({ sent }) => sent > 0);
  let longest = 0;
  let current = 0;
  if (scenario.rate === 0 || from < 0) return 0;
  for (const { acked } of timeline.slice(from, to + 1)) {
    current = acked > 0 ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return longest;
}

function figures(result: LoadResult): string[] {
  const { messages, resumes, closes, verdict, tool } = result;
  const moved = resumes.perConnection.flatMap((clients, times) =>
    clients > 0 ? [`${count(clients)} × ${times}`] : [],
  );
  const refused = Object.entries(messages.refused).map(([code, times]) => `${code}: ${count(times)}`);
  return [
    `${count(messages.acked)} messages, ${count(verdict.delivered)} deliveries; moves of clients: ${moved.join(', ')}`,
    `from the end of a socket until caught up: ${latency(resumes.ms)}`,
    `acks: ${latency(messages.ackMs)}; without any for at most ${silence(result)} s`,
    ...(refused.length > 0 ? [`refused: ${refused.join(', ')}`] : []),
    ...Object.entries(closes).map(([code, times]) => `sockets ended with ${code}: ${count(times)}`),
    ...Object.entries(result.connects.failures).map(
      ([why, times]) => `connects refused: ${count(times)} × ${why}`,
    ),
    ...verdict.examples.map((example) => `! ${example}`),
    ...tool.bottlenecks.map((bottleneck) => `the tool: ${bottleneck}`),
  ];
}
