/** Says which store made a cycle fail. */
export class ArchiveError extends Error {
  override name = 'ArchiveError';

  constructor(
    readonly server: 'Redis' | 'PostgreSQL',
    cause: unknown,
  ) {
    super(`${server}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Runs work of one store. @throws {ArchiveError} */
export async function blame<T>(server: ArchiveError['server'], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new ArchiveError(server, error);
  }
}
