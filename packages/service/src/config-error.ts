/** A setting that is missing or wrong. Its message is one line that names the variable. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
