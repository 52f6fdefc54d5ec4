import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookUpProcess } from '@chorus/local';
import { until } from '@chorus/testing';
import { TEST_SETTINGS } from '../support/servers/cluster.js';
import { type Program, startProgram } from '../support/servers/program.js';

interface Part {
  nodeId: string;
  url: string;
  /** Not of servers. */
  operatorUrl?: string | null;
  pid: number | null;
}

interface Description {
  url: string;
  apis: Part[];
  gateways: Part[];
  archivers: Part[];
  dispatchers: Part[];
  redis: Part;
  postgres: Part;
  operatorUrl: string | null;
  redisPrefix: string;
}

/** A cluster that has started: the command, and the line in which it describes the cluster. */
export interface StartedCluster {
  program: Program;
  cluster: Description;
}

/** Programs of the cluster command that the tests of a suite start, with a folder of their own for what is temporary. */
export class CommandSuite {
  /** Processes of the cluster that was started last. */
  pids: number[] = [];
  #folder = '';
  readonly #programs: Program[] = [];
  #started: StartedCluster | undefined;

  /** Starts a cluster before the tests of the suite, which they use one after the other. */
  startsOnce(begin: () => Promise<StartedCluster>): void {
    before(async () => {
      await this.open();
      this.#started = await begin();
    });
    after(() => this.close());
  }

  /** The cluster of {@link startsOnce}. */
  get started(): StartedCluster {
    if (this.#started === undefined) throw new Error('the cluster has not started');
    return this.#started;
  }

  async open(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'chorus-command-'));
    this.pids = [];
  }

  /** Kills the programs, and waits until nothing of them is left. */
  async close(): Promise<void> {
    for (const program of this.#programs.splice(0)) {
      program.kill('SIGKILL');
      await program.ended;
    }
    await this.untilNothingIsLeft();
    await rm(this.#folder, { recursive: true });
  }

  launch(args: string[], env: Record<string, string> = {}): Program {
    const settings = { TMPDIR: this.#folder, ...TEST_SETTINGS, ...env };
    const program = startProgram('dist/cluster.js', args, settings);
    this.#programs.push(program);
    return program;
  }

  async start(args: string[], env?: Record<string, string>): Promise<StartedCluster> {
    const program = this.launch(['--port', '0', ...args], env);
    const [line] = await program.printed(/^.*\n/);
    const cluster = JSON.parse(line) as Description;
    const { apis, gateways, archivers, dispatchers, redis, postgres } = cluster;
    this.pids = [...apis, ...gateways, ...archivers, ...dispatchers, redis, postgres].flatMap(
      ({ pid }) => pid ?? [],
    );
    return { program, cluster };
  }

  async untilProcessesHaveEnded(): Promise<void> {
    for (const pid of this.pids) await until(async () => (await lookUpProcess(pid)) === undefined);
  }

  async untilNothingIsLeft(): Promise<void> {
    await this.untilProcessesHaveEnded();
    await until(async () => (await readdir(this.#folder)).length === 0);
  }
}
