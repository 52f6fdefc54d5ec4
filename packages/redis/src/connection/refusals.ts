/** The server is the wrong one, or not ready yet: a new connection may lead to the right one. */
const WRONG_SERVER = ['READONLY', 'MASTERDOWN', 'LOADING', 'UNBLOCKED'];
/** The server refuses every command that would change its data. */
const REFUSED_WRITES = ['READONLY', 'MISCONF', 'NOREPLICAS', 'OOM'];
/**
 * All codes with which a server refuses to work at all. Other codes concern one command (`WRONGTYPE`), or are handled
 * by the library (`MOVED`, `ASK`).
 */
export const REFUSALS: readonly string[] = [
  ...new Set([...WRONG_SERVER, ...REFUSED_WRITES, 'NOPERM', 'NOAUTH', 'WRONGPASS', 'CLUSTERDOWN']),
];

/**
 * A code is at the beginning, or after the text that wraps it: `EXECABORT … because of: READONLY …`, `… -OOM …` of a
 * script.
 */
const REFUSAL = new RegExp(`(?:^|[ :-])(${REFUSALS.join('|')})(?: |$)`);
/** Message of Redis 7.0, without a code, for a command within a script. */
const NOPERM_IN_SCRIPT = /The user executing the script can't /;

/** Returns the code of {@link REFUSALS} in an error; undefined for the failure of one command. */
export function refusalCode(error: Error): string | undefined {
  return REFUSAL.exec(error.message)?.[1] ?? (NOPERM_IN_SCRIPT.test(error.message) ? 'NOPERM' : undefined);
}

/** Whether a refusal means that the connection leads to the wrong server. */
export function isWrongServer(code: string): boolean {
  return WRONG_SERVER.includes(code);
}

/** Whether Redis refuses {@link CHECK_SCRIPT} with this code for as long as it refuses writes. */
export function isSeenByCheck(code: string): boolean {
  return isWrongServer(code) || REFUSED_WRITES.includes(code);
}

/** Whether `SELECT` failed: the server does not have the database of the URL, or denies it to this user. */
export function isDatabaseRefused(error: Error): boolean {
  if (!('command' in error)) return false;
  const { command } = error;
  return typeof command === 'object' && command !== null && 'name' in command && command.name === 'select';
}

/** Whether an error only follows from another one, and does not explain why a connection fails. */
export function isConsequence(error: Error): boolean {
  // A server that loses a slot sends an unsolicited notice, which the library takes for a reply. The other errors follow
  // when a connection was closed before it was ready.
  return /^Command queue state error|Connection is closed\.$|Stream isn't writeable/.test(error.message);
}

/** Beginning of the error message of a connection that is given up because its user may not run `INFO`. */
const INFO_REFUSED = 'the user may not run INFO';

/**
 * Replaces a refusal of `INFO` by an error. The library would continue without it and print a warning of its own, and
 * no script could run.
 */
export function explainInfo(error: Error): Error {
  if (refusalCode(error) !== 'NOPERM') return error;
  // Without the code, by which the library would recognise the refusal.
  return new Error(`${INFO_REFUSED}: docs/how-to/postgresql-and-redis.md lists what a user of Redis needs`, {
    cause: error,
  });
}

/** Describes a refusal for operators, as predicate of "Redis". Contains no secrets. */
export function describeRefusal(code: string): string {
  return `refuses ${REFUSED_WRITES.includes(code) ? 'writes' : 'commands'} (${code})`;
}

/** Describes why a connection could not be opened, as predicate of "Redis". Contains no secrets. */
export function describeLoss(error: Error): string {
  if (isDatabaseRefused(error)) return 'does not have the database of REDIS_URL';
  if (error.message.includes(INFO_REFUSED)) return 'does not let this user run INFO';
  const code =
    'code' in error && typeof error.code === 'string'
      ? error.code
      : /(?:^|: )([A-Z]{4,})(?: |$)/.exec(error.message)?.[1];
  return code === undefined ? 'cannot be reached' : `cannot be reached (${code})`;
}

/**
 * A script without effect that may write. Redis refuses to run it on a read-only replica, when it cannot save its data,
 * with too few replicas, and when its memory is full. Nothing is written, logged or replicated.
 */
export const CHECK_SCRIPT = '#!lua\nreturn 1';
