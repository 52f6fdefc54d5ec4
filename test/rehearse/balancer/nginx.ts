import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram, freePort, spawnGuarded } from '@chorus/local';
import { Closer, StartError } from '@chorus/service';
import { SHIPPED_NGINX_CONF } from '../files.js';
import {
  type BackendGateway,
  type BalancerOptions,
  descriptorLimit,
  processesFor,
  type RealBalancer,
} from './balancer.js';

const NEED = {
  who: 'the rehearsal needs nginx',
  hint: 'put it on the PATH (Debian, Ubuntu: apt-get install nginx) or use --balancer haproxy',
};
const READY_MS = 10_000;
const POLL_MS = 20;
/**
 * Number of consecutive connections that meet the new configuration until no worker with the old one listens any
 * more.
 */
const IN_A_ROW = 20;
/** With one worker more than the sockets need, an uneven distribution does no harm. */
const SPARE_WORKERS = 1;

/** Starts nginx with `deploy/nginx.conf`. A new configuration and SIGHUP change its gateways. */
export async function startNginx(options: BalancerOptions): Promise<RealBalancer> {
  const program = await ensureProgram('nginx', NEED);
  const closer = new Closer();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-nginx-'));
    closer.defer(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'nginx.conf');
    const port = await freePort();
    const workers = processesFor(options.connections).processes + SPARE_WORKERS;
    let generation = 0;
    let listed: readonly BackendGateway[] = [];
    let serving: readonly BackendGateway[] = [];
    const configure = async (gateways: readonly BackendGateway[]): Promise<void> => {
      listed = gateways;
      const shipped = await readFile(SHIPPED_NGINX_CONF, 'utf8');
      await writeFile(file, nginxConfig(shipped, { folder, port, workers, gateways, generation }));
    };
    await configure(options.spares ? options.gateways : []);
    const nginx = await spawnGuarded({
      name: 'nginx',
      command: program,
      args: ['-p', folder, '-c', file],
      orphanSignal: 'SIGTERM',
    });
    closer.defer(() => nginx.stop('SIGTERM', READY_MS));
    const inForce = async (): Promise<void> => {
      const deadline = performance.now() + READY_MS;
      for (let row = 0; row < IN_A_ROW; ) {
        const answer = await askGeneration(port);
        row = answer === String(generation) ? row + 1 : 0;
        if (row > 0) continue;
        if (!nginx.running || performance.now() > deadline) {
          throw new StartError(`nginx does not take its configuration: ${nginx.lastWords}`);
        }
        await sleep(POLL_MS);
      }
    };
    await inForce();
    return {
      name: await version(program),
      targets: [`ws://127.0.0.1:${port}`],
      route: async (gateways) => {
        const known = gateways.every((gateway) => has(listed, gateway));
        const gone = serving.some((gateway) => !has(gateways, gateway));
        serving = gateways;
        // A reload makes it forget how many sockets each gateway has.
        if (known && !gone) return;
        generation++;
        await configure(gateways);
        nginx.kill('SIGHUP');
        await inForce();
      },
      close: () => closer.close(),
    };
  } catch (error) {
    await closer.close();
    throw error;
  }
}

export interface NginxPlace {
  /** A folder for everything that it writes. */
  readonly folder: string;
  readonly port: number;
  readonly workers: number;
  readonly gateways: readonly BackendGateway[];
  /** Its answer to `GET /generation`. */
  readonly generation: number;
}

/**
 * Returns the shipped configuration for other gateways, for a process without privileges.
 * @throws {StartError} when it no longer contains something that must be replaced
 */
export function nginxConfig(shipped: string, place: NginxPlace): string {
  const { folder, port, workers, gateways, generation } = place;
  const limit = descriptorLimit();
  const [, parameters = ''] = /upstream gateways \{[^}]*?server \S+([^;]*);/.exec(shipped) ?? [];
  const servers = gateways.map((gateway) => `server 127.0.0.1:${gateway.port}${parameters};`);
  // An upstream must not be empty.
  if (servers.length === 0) servers.push('server 127.0.0.1:9 down;');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n    ');
  const changes: ReadonlyArray<readonly [what: RegExp, by: string]> = [
    [
      /^worker_processes .*;$/m,
      `daemon off;\npid ${folder}/pid;\nerror_log stderr warn;\nworker_processes ${workers};`,
    ],
    [/worker_rlimit_nofile \d+;/, `worker_rlimit_nofile ${limit};`],
    [/worker_connections \d+;/, `worker_connections ${limit};`],
    [/^http \{$/m, `http {\n    access_log off;\n    ${temporary}`],
    [/(upstream gateways \{[^}]*?)(?:\s*server [^;]*;)+/, `$1\n        ${servers.join('\n        ')}`],
    [
      /listen \d+;/,
      // In turn to all workers: otherwise one takes most connections and runs out of descriptors.
      `listen 127.0.0.1:${port} reuseport backlog=4096;\n        location = /generation { return 200 "${generation}"; }`,
    ],
  ];
  return changes.reduce((text, [what, by]) => {
    if (!what.test(text)) throw new StartError(`deploy/nginx.conf has nothing like ${what}`);
    return text.replace(what, by);
  }, shipped);
}

function has(gateways: readonly BackendGateway[], { nodeId }: BackendGateway): boolean {
  return gateways.some((gateway) => gateway.nodeId === nodeId);
}

/** Each time by a new connection, which any worker may take. */
async function askGeneration(port: number): Promise<string> {
  return fetch(`http://127.0.0.1:${port}/generation`, { headers: { connection: 'close' } }).then(
    (response) => response.text(),
    () => '',
  );
}

async function version(program: string): Promise<string> {
  const { stderr } = await promisify(execFile)(program, ['-v']);
  return stderr.replace(/^.*?nginx\/(\S+).*$/s, 'nginx $1');
}
