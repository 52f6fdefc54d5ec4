import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tokens } from '@chorus/auth';
import { Member } from '@chorus/cluster';
import { freePort, spawnGuarded } from '@chorus/local';
import { Closer } from '@chorus/service';
import { createPrng } from '@chorus/testing';
import { root } from '../../support/root.js';
import { HistoryApi } from '../history/api.js';
import { PagesObserver } from '../history/observe-end.js';
import { chaosSettings, createRooms, promisesOf, TOKEN_TTL_SECONDS } from './settings.js';
import { OBSERVER, type World, type WorldOptions } from './world.js';

/** Found from the source and from the compiled file. */
const PROGRAM = join(root, 'dist/standalone.js');
const READY_MS = 60_000;
const STOP_MS = 30_000;

/** Standalone as a separate process, with its data in a folder that outlives it. */
export async function openStandaloneWorld(options: WorldOptions): Promise<World> {
  const closer = new Closer();
  try {
    return await open(options, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function open({ settings: changes, roomIds, signal }: WorldOptions, closer: Closer): Promise<World> {
  const settings = chaosSettings(changes);
  const log: string[] = [];
  const jwtSecret = randomBytes(32).toString('hex');
  const dataDir = await mkdtemp(join(tmpdir(), 'chorus-chaos-standalone-'));
  closer.defer(() => rm(dataDir, { recursive: true, force: true }));
  const { PATH, HOME } = process.env;
  const port = await freePort();
  const env = {
    ...{ PATH, HOME, ...settings },
    ...{ HOST: '127.0.0.1', PORT: String(port), DATA_DIR: dataDir, JWT_SECRET: jwtSecret },
  };
  const url = `http://127.0.0.1:${port}`;
  const member = new Member({
    ...{ nodeId: 'standalone', restart: false, changed: () => {} },
    launch: async () => {
      const child = await spawnGuarded({
        ...{ name: 'standalone', command: process.execPath, args: [PROGRAM], env },
        ...{ orphanSignal: 'SIGKILL', orphanFolder: dataDir },
        onLine: (line) => {
          log.push(`standalone: ${line}`);
        },
      });
      await child
        .ready((line) => line.includes(url), READY_MS)
        .catch(async (error: unknown) => {
          await child.stop('SIGTERM', STOP_MS);
          throw error;
        });
      const { pid, exited } = child;
      return {
        ...{ url, pid, exited },
        kill: (signal) => child.kill(signal),
        close: () => child.stop('SIGTERM', STOP_MS),
      };
    },
  });
  closer.defer(() => member.stop());
  await member.start();
  const tokens = new Tokens(jwtSecret, TOKEN_TTL_SECONDS);
  const api = new HistoryApi(url, signal);
  const token = tokens.sign(OBSERVER);
  return {
    ...{ url, gateways: [], about: 'standalone', log },
    promises: promisesOf(settings),
    observer: new PagesObserver(api, token, roomIds),
    tokenOf: (user) => tokens.sign(user),
    createRooms: (ids, token) => createRooms(url, ids, token),
    async inject({ kind, forMs, seed }, { hits }) {
      const polite = createPrng(seed).pick(['SIGTERM', 'SIGHUP'] as const);
      const how = kind === 'standalone-kill' ? 'SIGKILL' : polite;
      hits(`standalone (pid ${member.pid}) by ${how}, away for ${forMs} ms`);
      const ended = member.exited();
      member.kill(how);
      await ended;
      await sleep(forMs, undefined, { signal });
      await member.start();
    },
    lives: async () => [],
    close: () => closer.close(),
  };
}
