import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram, freePort, spawnGuarded } from '@chorus/local';
import { Closer, StartError } from '@chorus/service';
import { SHIPPED_HAPROXY_CFG } from '../files.js';
import {
  type BackendGateway,
  type Balance,
  type BalancerOptions,
  processesFor,
  type RealBalancer,
} from './balancer.js';

const NEED = {
  who: 'the rehearsal needs HAProxy',
  hint: 'put haproxy on the PATH (Debian, Ubuntu: apt-get install haproxy) or use --balancer nginx',
};
const READY_MS = 10_000;
const POLL_MS = 50;

/** Starts as many HAProxys as the sockets need. Their health checks find the ready gateways. */
export async function startHaproxy(options: BalancerOptions): Promise<RealBalancer> {
  const program = await ensureProgram('haproxy', NEED);
  const { processes, each } = processesFor(options.connections);
  const closer = new Closer();
  try {
    const instances: Array<{ url: string; socket: string }> = [];
    for (let index = 0; index < processes; index++) {
      instances.push(await startInstance(program, options, each, closer));
    }
    return {
      name: await version(program),
      targets: instances.map(({ url }) => url),
      route: async (gateways) => {
        const wanted = new Set(gateways.map(({ nodeId }) => nodeId));
        await Promise.all(instances.map(({ socket }) => untilUp(socket, wanted)));
      },
      close: () => closer.close(),
    };
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function startInstance(
  program: string,
  { gateways, balance }: BalancerOptions,
  maxconn: number,
  closer: Closer,
): Promise<{ url: string; socket: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-haproxy-'));
  closer.defer(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    haproxyConfig(await readFile(SHIPPED_HAPROXY_CFG, 'utf8'), { folder, port, maxconn, gateways, balance }),
  );
  const haproxy = await spawnGuarded({
    name: 'haproxy',
    command: program,
    args: ['-db', '-f', file],
    orphanSignal: 'SIGTERM',
  });
  closer.defer(() => haproxy.stop('SIGTERM', READY_MS));
  const socket = join(folder, 'admin.sock');
  const deadline = performance.now() + READY_MS;
  while ((await serversUp(socket).catch(() => undefined)) === undefined) {
    if (!haproxy.running || performance.now() > deadline) {
      throw new StartError(`haproxy does not start: ${haproxy.lastWords}`);
    }
    await sleep(POLL_MS);
  }
  return { url: `ws://127.0.0.1:${port}`, socket };
}

export interface HaproxyPlace {
  /** A folder for everything that it writes. */
  readonly folder: string;
  readonly port: number;
  readonly maxconn: number;
  readonly gateways: readonly BackendGateway[];
  readonly balance?: Balance | undefined;
}

/** The parts of the shipped configuration that affect sockets. */
const SECTIONS = ['global', 'defaults', 'frontend users', 'backend gateways', 'backend api'];

/**
 * Returns the shipped configuration for these gateways, without its other destinations.
 * @throws {StartError} when it no longer contains something that must be replaced
 */
export function haproxyConfig(shipped: string, place: HaproxyPlace): string {
  const { folder, port, maxconn, gateways, balance = 'leastconn' } = place;
  const servers = gateways.map(({ nodeId, port }) => `    server ${nodeId} 127.0.0.1:${port}`).join('\n');
  return rewriteHaproxyConfig(shipped, SECTIONS, [
    [
      /^ {4}fd-hard-limit \d+$/m,
      `    maxconn ${maxconn}\n    stats socket ${folder}/admin.sock mode 600 level user`,
    ],
    // A log line per connection has no use here.
    [/^ {4}log global\n {4}option httplog\n/m, ''],
    [/^ {4}bind :8080$/m, `    bind 127.0.0.1:${port} backlog 4096`],
    // Names exist only in the container network.
    [/ resolvers names init-addr none$/m, ''],
    [/^ {4}balance leastconn$/m, `    balance ${balance}`],
    [/^ {4}server-template gateway .*$/m, servers],
    [/^ {4}server-template api .*\n/m, ''],
  ]);
}

/**
 * Returns sections of the shipped configuration with changes.
 * @throws {StartError} when it no longer contains a section, or something that must be replaced
 */
export function rewriteHaproxyConfig(
  shipped: string,
  names: readonly string[],
  changes: ReadonlyArray<readonly [what: RegExp, by: string]>,
): string {
  const sections = shipped.split(/^(?=[a-z])/m);
  const kept = names.map((name) => {
    const section = sections.find((text) => text.startsWith(`${name}\n`));
    if (section === undefined) throw new StartError(`deploy/haproxy.cfg has no section "${name}"`);
    return section;
  });
  return changes.reduce((text, [what, by]) => {
    if (!what.test(text)) throw new StartError(`deploy/haproxy.cfg has nothing like ${what}`);
    return text.replace(what, by);
  }, kept.join(''));
}

async function untilUp(socket: string, wanted: ReadonlySet<string>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const up = await serversUp(socket);
    if (up.size === wanted.size && [...up].every((name) => wanted.has(name))) return;
    if (performance.now() > deadline) {
      throw new StartError(`haproxy thinks that ${[...up].join(', ') || 'no server'} is ready`);
    }
    await sleep(POLL_MS);
  }
}

/**
 * Servers of the one backend that are up. A server counts as up before its first check, so only checked ones count.
 */
async function serversUp(socket: string): Promise<Set<string>> {
  const rows = (await ask(socket, 'show stat -1 4 -1')).split('\n').filter((row) => row !== '');
  const columns = (rows.shift() ?? '').replace(/^# /, '').split(',');
  const [name, status, check] = ['svname', 'status', 'check_status'].map((column) => columns.indexOf(column));
  return new Set(
    rows
      .map((row) => row.split(','))
      .filter((row) => row[status ?? -1] === 'UP' && row[check ?? -1]?.startsWith('L7OK'))
      .map((row) => row[name ?? -1] ?? ''),
  );
}

async function ask(path: string, command: string): Promise<string> {
  const socket = connect(path);
  socket.end(`${command}\n`);
  return text(socket);
}

async function version(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['-v']);
  return stdout.replace(/^.*?version (\d[^\s-]*).*$/s, 'HAProxy $1');
}
