/** A setting that is missing or wrong. Its message is one line that names the variable. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Why a service cannot start, in one line for the person who started it: a taken port, an unreachable server. */
export class StartError extends Error {
  override name = 'StartError';
}
