import type { Logger } from '@chorus/service';
import { Cluster, type Redis, type RedisOptions } from 'ioredis';
import type { RedisClient, SentinelConfig } from './client.js';
import type { ServerCheck } from './connector.js';
import type { Primary, PrimaryConnection } from './primary.js';
import {
  describeLoss,
  describeRefusal,
  explainInfo,
  isConsequence,
  isDatabaseRefused,
  isSeenByCheck,
  isWrongServer,
  refusalCode,
} from './refusals.js';

/** Time after which a refusal that the periodic check cannot detect counts as over, in milliseconds. */
const REFUSAL_LASTS_MS = 3_000;
/** Time that the server gets to close a dropped connection before its socket is destroyed, in milliseconds. */
const DISCONNECT_MS = 250;
/** Interval at which a server that loads its data is polled, in milliseconds. */
const LOADING_POLL_MS = 250;
/** States of a connection that has a socket, or is about to have one. */
const OPEN: readonly string[] = ['connecting', 'connect', 'ready'];
/** Maximum number of reasons that one outage logs. */
const REASONS = 50;

export interface RedisLinkParts {
  readonly purpose: string;
  readonly log: Logger;
  /** The connection broke or could not be opened. */
  onClosed(): void;
  /** The server refuses commands, with this code. */
  onRefused(code: string): void;
  /** The server behind this connection is the wrong one. */
  onMisled(): void;
  /** The server process behind this connection is known. */
  onIdentified(): void;
  /** Returns the primary that these Sentinels name; the same object for all connections of the process. */
  primaryOf(sentinel: SentinelConfig): Primary;
  /** The connection is closed for good. */
  onEnded(): void;
}

/** State of one connection to Redis: why it cannot do its work, from what the library, the server and checks report. */
export class RedisLink implements ServerCheck {
  /** Id of the server process; undefined if unknown, as in a Redis Cluster. */
  runId: string | undefined;
  #isConfirming = false;
  #client: RedisClient | undefined;
  #primary: PrimaryConnection | undefined;
  #lost: string | undefined;
  #refusal: { readonly code: string; readonly endsAt: number } | undefined;
  #databaseRefused = false;
  readonly #logged = new Set<string>();

  constructor(private readonly parts: RedisLinkParts) {}

  /** The library's options that decide which errors end a connection. */
  get nodeOptions(): Pick<RedisOptions, 'reconnectOnError' | 'disconnectTimeout' | 'maxLoadingRetryTime'> {
    return {
      reconnectOnError: (error) => this.#answered(error),
      disconnectTimeout: DISCONNECT_MS,
      maxLoadingRetryTime: LOADING_POLL_MS,
    };
  }

  /** Makes this a connection to the primary that these Sentinels name. Called before the first attempt to connect. */
  follow(sentinel: SentinelConfig): PrimaryConnection {
    this.#primary = this.parts.primaryOf(sentinel).open(() => this.abandon());
    return this.#primary;
  }

  attach(client: RedisClient): void {
    this.#client = client;
    const primary = this.#primary;
    if (client instanceof Cluster) client.on('+node', (node) => interceptInfo(node));
    else interceptInfo(client, primary && (() => this.#confirm(primary)));
    client.on('error', (error: Error) => {
      if (!isConsequence(error)) this.#onLost(describeLoss(error), error.message);
    });
    client.on('ready', () => this.#onReady());
    // Not 'error': a connection that the other side closes ends without an error.
    client.on('close', () => this.parts.onClosed());
    client.once('end', () => {
      primary?.end();
      this.parts.onEnded();
    });
  }

  /** Whether a new connection waits for the Sentinels, and not for the server. */
  get isConfirming(): boolean {
    return this.#isConfirming;
  }

  get ready(): boolean {
    return this.#client?.status === 'ready';
  }

  /** Why the connection cannot do its work, as predicate of "Redis"; undefined while it can. */
  get trouble(): string | undefined {
    const refusal =
      this.#refusal !== undefined && this.#refusal.endsAt > performance.now()
        ? describeRefusal(this.#refusal.code)
        : undefined;
    return this.ready ? refusal : (this.#lost ?? refusal ?? 'does not answer');
  }

  onConnecting(): void {
    this.#databaseRefused = false;
    this.runId = undefined;
  }

  accepts(info: Readonly<Record<string, string>>): boolean {
    // Otherwise the library would continue in database 0.
    if (this.#databaseRefused || this.#primary?.isCurrent === false) return false;
    if (info.role === 'slave' && info.slave_read_only !== '0') {
      this.#onLost(describeRefusal('READONLY'), 'the server is a read-only replica');
      return false;
    }
    this.runId = info.run_id;
    this.parts.onIdentified();
    return true;
  }

  /** The periodic check has passed. */
  onAble(): void {
    if (this.#refusal === undefined || !isSeenByCheck(this.#refusal.code)) return;
    this.#refusal = undefined;
    this.#forgetReasons('redis does its work again');
  }

  /** Ends the connection at once, so that nothing arrives on it any more, and opens a new one. */
  abandon(): void {
    const client = this.#client;
    if (client === undefined || client instanceof Cluster) return;
    // There is no socket before the first address is known, although the type has one.
    const { stream }: { stream: typeof client.stream | undefined } = client;
    if (OPEN.includes(client.status)) stream?.destroy();
  }

  async #confirm(primary: PrimaryConnection): Promise<void> {
    this.#isConfirming = true;
    try {
      await primary.confirm();
    } finally {
      this.#isConfirming = false;
    }
  }

  /** @returns whether the library must open a new connection */
  #answered(error: Error): boolean {
    if (isDatabaseRefused(error)) {
      this.#databaseRefused = true;
      return true;
    }
    const code = refusalCode(error);
    if (code === undefined) return false;
    this.parts.onRefused(code);
    // During the handshake the library also reports this failure as an error of the connection.
    if (this.ready) {
      const lastsMs = isSeenByCheck(code) ? Number.POSITIVE_INFINITY : REFUSAL_LASTS_MS;
      this.#refusal = { code, endsAt: performance.now() + lastsMs };
      const needed =
        code === 'NOPERM' ? ': docs/how-to/postgresql-and-redis.md lists what a user of Redis needs' : '';
      this.#logOnce(error.message, `redis refuses to do its work${needed}`);
    }
    if (!isWrongServer(code)) return false;
    this.parts.onMisled();
    return true;
  }

  #onLost(what: string, message: string): void {
    this.#lost = what;
    // The error of a host with several addresses has no message.
    this.#logOnce(message || what, 'redis connection failed');
  }

  #onReady(): void {
    this.#lost = undefined;
    if (this.#refusal !== undefined && isWrongServer(this.#refusal.code)) this.#refusal = undefined;
    if (this.#refusal === undefined) this.#forgetReasons('redis connection restored');
  }

  /** One line per reason of an outage: attempts are made several times per second. */
  #logOnce(reason: string, text: string): void {
    if (this.#logged.has(reason) || this.#logged.size > REASONS) return;
    this.#logged.add(reason);
    this.parts.log.warn({ purpose: this.parts.purpose, error: reason }, text);
  }

  #forgetReasons(text: string): void {
    if (this.#logged.size > 0) this.parts.log.info({ purpose: this.parts.purpose }, text);
    this.#logged.clear();
  }
}

/**
 * Applies {@link explainInfo} to the `INFO` command that the library sends on each new connection.
 * @param confirm called before the library learns the answer, which waits for it
 */
function interceptInfo(node: Redis, confirm: () => Promise<void> = () => Promise.resolve()): void {
  const info = node.info.bind(node);
  Object.defineProperty(node, 'info', {
    value: (...args: unknown[]): unknown => {
      const [callback] = args;
      if (typeof callback !== 'function') return Reflect.apply(info, node, args);
      const answer = (error: unknown, text?: string): unknown =>
        Reflect.apply(callback, undefined, [error, text]);
      return info((error, text) => {
        if (error) answer(explainInfo(error));
        else
          confirm().then(
            () => answer(null, text),
            (refusal: unknown) => answer(refusal),
          );
      });
    },
  });
}
