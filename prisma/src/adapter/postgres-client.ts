import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { DatabaseTarget } from '../url/database-url.js';
import { type SessionSettings, sessionSettings, TRACKED_SETTINGS } from './session-settings.js';

/** The connection does not keep the settings of a session, so no statement was sent over it. */
export class SettingsNotKeptError extends Error {
  override name = 'SettingsNotKeptError';
}

/**
 * How the sessions of a process get their settings. Starts with settings per session. Changes once, if a pooler in
 * front refuses or forgets them: then every transaction sets them itself. `changed` is called at that time.
 */
export class SessionMode {
  #perTransaction: boolean;
  /** Whether a session has kept its settings. */
  #proven = false;
  /** Ends when the statement in progress has shown whether they are kept. */
  #proof: { readonly done: Promise<void>; end(): void } | undefined;
  readonly #full: Readonly<Record<string, string>>;
  /** Proves that the server itself has read what the client sent at the start of the session. */
  readonly nonce = randomUUID();

  constructor(
    readonly target: DatabaseTarget,
    readonly settings: SessionSettings,
    private readonly changed: () => void = () => {},
  ) {
    this.#perTransaction = target.pooled;
    this.#full = {
      ...sessionSettings(settings),
      default_transaction_isolation: 'read committed',
      'chorus.session': this.nonce,
    };
  }

  get perTransaction(): boolean {
    return this.#perTransaction;
  }

  setPerTransaction(): void {
    if (this.#perTransaction) return;
    this.#perTransaction = true;
    this.#proof?.end();
    this.changed();
  }

  /** A session has kept its settings. */
  setProven(): void {
    this.#proven = true;
    this.#proof?.end();
  }

  /**
   * Runs a statement that relies on the settings of its session. The first one runs alone until its connection is made: another
   * would otherwise get a connection without settings if the mode changes in between.
   *
   * @param lasting does the work in a session that keeps its settings; not called if the mode has changed
   * @param settled does it in a transaction that applies the settings first; called if `lasting` was not, or did nothing
   */
  async run<T>(lasting: () => Promise<T>, settled: () => Promise<T>): Promise<T> {
    try {
      return await this.#run(lasting, settled);
    } catch (error) {
      if (error instanceof SettingsNotKeptError) return settled();
      throw error;
    }
  }

  async #run<T>(lasting: () => Promise<T>, settled: () => Promise<T>): Promise<T> {
    // Waits once: while PostgreSQL does not answer, statements must not fail one after the other.
    const waited = this.#proof !== undefined && !this.#proven;
    if (waited) await this.#proof?.done;
    if (this.#perTransaction) return settled();
    if (this.#proven || waited) return lasting();
    let end = (): void => {};
    const done = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#proof = { done, end };
    try {
      return await lasting();
    } finally {
      end();
      this.#proof = undefined;
    }
  }

  /** Returns the parameters with which a session starts. */
  startup(applicationName: string): Record<string, string> {
    const { user, database, options } = this.target;
    return {
      user,
      database,
      application_name: this.target.applicationName ?? applicationName,
      ...(options === undefined ? {} : { options }),
      ...(this.#perTransaction ? TRACKED_SETTINGS : this.#full),
    };
  }
}

/** Configuration of the driver. Sets every field that the driver would otherwise read from the environment. */
export interface SessionClientConfig extends pg.ClientConfig {
  readonly mode: SessionMode;
}

/** @param applicationName name in PostgreSQL's list of sessions, unless the URL has one */
export function clientConfig(mode: SessionMode, applicationName: string): SessionClientConfig {
  const { target } = mode;
  return {
    mode,
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    // A function: with an empty text the driver would look for a password elsewhere.
    password: () => target.password,
    ssl: target.tls === false ? false : { ...target.tls },
    sslnegotiation: target.directTls ? 'direct' : 'postgres',
    application_name: applicationName,
    client_encoding: 'UTF8',
    keepAlive: true,
  };
}

/** SQLSTATEs with which poolers refuse parameters at the start of a session. */
const PARAMETER_REFUSED = ['08P01', '0A000', '42704'];

/** A connection that starts with the settings of a {@link SessionMode}, and is used only if they hold. */
export class SessionClient extends pg.Client {
  readonly #mode: SessionMode;
  readonly #applicationName: string;

  constructor(config: SessionClientConfig) {
    super(config);
    this.#mode = config.mode;
    this.#applicationName = config.application_name ?? '';
    // A connection that breaks rejects the running query; without a listener it would end the process.
    this.on('error', () => {});
  }

  /** Called by the driver. Its own version would add values from the environment. */
  getStartupConf(): Record<string, string> {
    return this.#mode.startup(this.#applicationName);
  }

  /** @throws {SettingsNotKeptError} the mode has changed: reconnect */
  override connect(): Promise<pg.Client>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<pg.Client> | undefined {
    const connected = this.#connect();
    if (callback === undefined) return connected;
    connected.then(() => callback(null), callback);
    return undefined;
  }

  async #connect(): Promise<pg.Client> {
    const lasting = !this.#mode.perTransaction;
    try {
      await super.connect();
    } catch (error) {
      if (lasting && error instanceof pg.DatabaseError && PARAMETER_REFUSED.includes(error.code ?? '')) {
        throw this.#notKept(error);
      }
      throw error;
    }
    if (!lasting) return this;
    try {
      const { rows } = await this.query<{ nonce: string | null }>(
        `SELECT current_setting('chorus.session', true) AS nonce`,
      );
      if (rows[0]?.nonce !== this.#mode.nonce) throw this.#notKept();
      this.#mode.setProven();
    } catch (error) {
      this.end().catch(() => {});
      throw error;
    }
    return this;
  }

  #notKept(cause?: Error): SettingsNotKeptError {
    this.#mode.setPerTransaction();
    return new SettingsNotKeptError('a pooler in front of PostgreSQL keeps no settings of a session', {
      cause,
    });
  }
}
