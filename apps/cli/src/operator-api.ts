/** A failure that the user of the command line is told in one line. */
export class CliError extends Error {}

/** Environment of the command line: `CHORUS_OPERATOR_URL` and `CHORUS_OPERATOR_TOKEN`. */
export type CliEnvironment = Readonly<Record<string, string | undefined>>;

/** How long an answer may take, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** Sends requests to the operator API of a server. */
export class OperatorApi {
  readonly #url: string;
  readonly #token: string;

  /** @throws {CliError} a variable is missing or invalid */
  constructor(env: CliEnvironment) {
    this.#url = required(env, 'CHORUS_OPERATOR_URL').replace(/\/+$/, '');
    this.#token = required(env, 'CHORUS_OPERATOR_TOKEN');
    if (!/^https?:$/.test(protocolOf(this.#url))) {
      throw new CliError('CHORUS_OPERATOR_URL is not valid: must be a URL such as http://localhost:9000');
    }
    if (/[^\x21-\x7e]/.test(this.#token)) {
      throw new CliError('CHORUS_OPERATOR_TOKEN is not valid: must be printable ASCII without blanks');
    }
  }

  /**
   * @returns the body of the response; undefined without one
   * @throws {CliError} with what the server answered
   */
  async send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      // The token goes to no other server.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: Error) => {
      throw new CliError(`${this.#url} does not answer: ${causeOf(error)}`);
    });
    const text = await response.text();
    const answer = text === '' ? undefined : parse(text);
    if (response.ok && (text === '' || answer !== undefined)) return answer;
    throw new CliError(
      errorIn(answer) ?? `${this.#url} answered ${response.status}: is it an operator port?`,
    );
  }
}

function required(env: CliEnvironment, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new CliError(`${name} is not set`);
  return value;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorIn(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined;
  return String(answer.error);
}
