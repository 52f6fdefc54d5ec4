import { pathToFileURL } from 'node:url';
import { UsageError } from './usage-error.js';

/**
 * Returns the URL of a module that exports a `dialect`, given as a path or a URL.
 * @throws {UsageError}
 */
export async function findDialect(given: string): Promise<string> {
  const url = given.startsWith('file:') ? given : pathToFileURL(given).href;
  let module: { readonly dialect?: unknown };
  try {
    module = await import(url);
  } catch (error) {
    const [why] = String((error as Error).message).split('\n');
    throw new UsageError(`--dialect ${given}: it cannot be loaded: ${why}`);
  }
  if (typeof module.dialect === 'object' && module.dialect !== null) return url;
  throw new UsageError(`--dialect ${given}: it exports no \`dialect\``);
}
