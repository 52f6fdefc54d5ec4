import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Member } from '@chorus/cluster';
import { freePort, startPostgres } from '@chorus/local';
import type { Closeable } from '@chorus/service';
import pg from 'pg';
import { WITNESS_SETTING } from '../events/witness.js';
import { SmallDisk } from './small-disk.js';

/** The PostgreSQL of a run. Committed data survives its end. */
export class ChaosPostgres implements Closeable {
  private constructor(
    readonly member: Member,
    readonly port: number,
    private readonly folder: string,
    /** Disk of its data, if it can be filled. */
    readonly disk: SmallDisk | undefined,
  ) {}

  /** @param small puts its data on a disk that can be filled @throws {StartError} where that is not possible */
  static async start(small: boolean): Promise<ChaosPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-chaos-postgres-'));
    let disk: SmallDisk | undefined;
    try {
      disk = small ? await SmallDisk.mount(folder) : undefined;
      const port = await freePort();
      const orphan = disk === undefined ? { orphanFolder: folder } : {};
      const member = new Member({
        ...{ nodeId: 'postgres', restart: false, changed: () => {} },
        launch: () =>
          startPostgres({ dataDir: folder, port, persistent: false, settings: [WITNESS_SETTING], ...orphan }),
      });
      const postgres = new ChaosPostgres(member, port, folder, disk);
      await member.start();
      return postgres;
    } catch (error) {
      await disk?.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get url(): string {
    return this.member.url;
  }

  /** Runs an action in a session of its own. */
  async with<T>(action: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.url });
    // A server that ends, ends the session as well: the query fails.
    client.on('error', () => {});
    await client.connect();
    try {
      return await action(client);
    } finally {
      await client.end().catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.member.stop();
    await this.disk?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
