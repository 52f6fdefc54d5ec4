/** Why a service cannot start, in one line for the person who started it: a taken port, an unreachable server. */
export class StartError extends Error {
  override name = 'StartError';
}
