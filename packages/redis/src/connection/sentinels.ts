import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { SentinelConfig, ServerAddress } from './client.js';
import { retryDelayMs } from './retry-delay.js';
import { serverTls } from './tls.js';

/** Time that a Sentinel has to answer, in milliseconds. */
const ANSWER_MS = 1_000;
/** Time that the other Sentinels have to answer after the first one, in milliseconds. */
const OTHERS_MS = 200;

/** No Sentinel names a primary. */
export class NoPrimaryError extends Error {
  override name = 'NoPrimaryError';
  /** Where errors of the system have their code, which operators see. */
  readonly code = 'SENTINEL';
}

interface Answer extends ServerAddress {
  /** Grows with each failover. */
  readonly epoch: number;
}

function isSame(one: Answer, other: Answer | undefined): boolean {
  return one.host === other?.host && one.port === other.port && one.epoch === other.epoch;
}

/** The Sentinels of a Redis, which know the server that is its primary. */
export class Sentinels {
  readonly #clients: Redis[];
  /** The last error of the connection to each. */
  readonly #errors = new Map<Redis, string>();
  /** The newest answer that was believed. */
  #newest: Answer | undefined;

  constructor(private readonly config: SentinelConfig) {
    const { username, password, tls } = config;
    this.#clients = config.addresses.map((address) => {
      const client = new Redis({
        ...address,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
        ...(tls === undefined ? {} : { tls: serverTls(address.host, tls) }),
        commandTimeout: ANSWER_MS,
        connectTimeout: ANSWER_MS,
        maxRetriesPerRequest: 0,
        retryStrategy: retryDelayMs,
        // Sentinels answer other commands than servers do.
        enableReadyCheck: false,
        disableClientInfo: true,
      });
      // Without a listener the library prints errors.
      client.on('error', (error: Error) => this.#errors.set(client, error.message));
      client.on('ready', () => this.#errors.delete(client));
      return client;
    });
  }

  /**
   * Returns the address of the primary. Asks all Sentinels and believes the one with the newest configuration: a Sentinel that was cut
   * off from the others during a failover names the server before. A configuration that is not newer than the one that was believed
   * counts only if most Sentinels answer and none has that one any more: they were set up again.
   * @throws {NoPrimaryError} no Sentinel answers in time, or none knows the name
   */
  async primary(): Promise<ServerAddress> {
    const answers: Answer[] = [];
    const reasons = new Set<string>();
    const asked = this.#clients.map((client) =>
      this.#ask(client).then(
        (answer) => answers.push(answer),
        (error: Error) => {
          reasons.add(this.#errors.get(client) ?? error.message);
          throw error;
        },
      ),
    );
    const someHaveAnswered = Promise.any(asked).then(() => sleep(OTHERS_MS));
    await Promise.race([Promise.allSettled(asked), someHaveAnswered.catch(() => undefined)]);
    const [newest] = answers.toSorted((one, other) => other.epoch - one.epoch);
    if (newest === undefined) {
      throw new NoPrimaryError(`no Sentinel names a primary: ${[...reasons].join('; ')}`);
    }
    const known = this.#newest;
    const isNews =
      newest.epoch > (known?.epoch ?? -1) ||
      (answers.length * 2 > this.#clients.length && !answers.some((answer) => isSame(answer, known)));
    const believed = isNews ? newest : (known ?? newest);
    this.#newest = believed;
    return { host: believed.host, port: believed.port };
  }

  close(): void {
    for (const client of this.#clients) client.disconnect();
  }

  async #ask(client: Redis): Promise<Answer> {
    const { name } = this.config;
    // In the middle of a failover the first reply has its epoch and the address of the server before, the second one that of the next server.
    const [master, current] = await Promise.all([
      client.call('SENTINEL', 'MASTER', name),
      client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
    ]);
    const [host, port] = Array.isArray(current) ? current.map(String) : [];
    const epochAt = Array.isArray(master) ? master.indexOf('config-epoch') + 1 : 0;
    if (!host || !(Number(port) > 0)) throw new NoPrimaryError('a Sentinel answers without an address');
    const epoch = Array.isArray(master) && epochAt > 0 ? Number(master[epochAt]) : 0;
    return { host, port: Number(port), epoch };
  }
}
