/** A missing or invalid setting. The message is one line that names the variable. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** A service cannot start: a taken port, an unreachable server. The message is one line for the operator. */
export class StartError extends Error {
  override name = 'StartError';
}
