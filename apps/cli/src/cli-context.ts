import type { z } from 'zod';

/** What the commands share. */
export interface CliContext {
  /** Sends a request to the operator API. @throws {CliError} */
  send<S extends z.ZodType>(schema: S, method: string, path: string, body?: object): Promise<z.output<S>>;
  /** Prints a result: as JSON with `--json`, otherwise as text. */
  print(result: unknown, text: () => string): void;
}
