import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_SETTINGS } from './cluster.js';
import { startProgram } from './program.js';

export interface TestStandalone {
  readonly url: string;
  /** URL of the operator port; undefined unless `OPERATOR_PORT` is set. */
  readonly operatorUrl: string | undefined;
  readonly dataDir: string;
  close(): Promise<void>;
}

/** Starts standalone as a process of its own, on a free port and with an empty folder for its data. */
export async function startTestStandalone(env: Record<string, string> = {}): Promise<TestStandalone> {
  const dataDir = await mkdtemp(join(tmpdir(), 'chorus-standalone-'));
  const program = startProgram('dist/standalone.js', [], {
    ...TEST_SETTINGS,
    PORT: '0',
    DATA_DIR: dataDir,
    ...env,
  });
  const close = async (): Promise<void> => {
    program.kill('SIGTERM');
    await program.ended;
    await rm(dataDir, { recursive: true });
  };
  try {
    const [, url = ''] = await program.printed(/(http:\/\/\S+)/);
    const [, operatorUrl] = /The operator API is at (http:\/\/\S+)\.\n/.exec(program.stdout) ?? [];
    return { url, operatorUrl, dataDir, close };
  } catch (error) {
    await close();
    throw error;
  }
}
