import type { ChildProcess } from 'node:child_process';
import type { Closeable } from '@chorus/service';
import type { Logger } from '@chorus/service/logger';
import { GatewayProcess } from './gateway-process.js';
import type { Question, ToParent } from './messages.js';

export interface GroupOptions {
  nodeIds: readonly string[];
  /** Starts a process under that name. */
  launch(nodeId: string, place: Place): ChildProcess;
  /** Called when one that was told to end did not do so in order. */
  onDisorder?(): void;
  log: Logger;
  /** Pause before a process that died is started again, in milliseconds; doubles each time up to the longest. */
  pauseMs?: number;
  longestPauseMs?: number;
}

/** What one of them answered, and in which of its lives. */
export interface ProcessAnswer {
  readonly nodeId: string;
  readonly pid: number | undefined;
  readonly value: unknown;
}

/** Where a process finds itself. */
export interface Place {
  /** None of the others listens. */
  readonly first: boolean;
  /** The port that they share; undefined before the first one has it. */
  readonly port: number | undefined;
}

const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Gateway processes on one port: starts them, starts them again when they die, and decides who has to listen. The one
 * place that knows how all of them are, so its answers are right whoever asks at the same time.
 */
export class ProcessGroup implements Closeable {
  readonly #options: GroupOptions;
  readonly #processes: readonly GatewayProcess[];
  #port: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: GroupOptions) {
    this.#options = options;
    const { pauseMs = PAUSE_MS, longestPauseMs = LONGEST_PAUSE_MS, log } = options;
    this.#processes = options.nodeIds.map(
      (nodeId) =>
        new GatewayProcess({
          nodeId,
          launch: () => options.launch(nodeId, { first: !this.#anybodyListens(), port: this.#port }),
          received: (from, message) => this.#received(from, message),
          pauseMs,
          longestPauseMs,
          log,
        }),
    );
  }

  /**
   * Resolves with whether the first process works; the others follow, and whoever of them does not start is started
   * again. When the first one ends instead, it has said why, and nothing is running.
   */
  async start(): Promise<boolean> {
    const [first, ...others] = this.#processes;
    if (first === undefined) throw new Error('there are no processes to start');
    const works = await first.startOnce();
    if (!works) this.#closing ??= Promise.resolve();
    // Told to stop meanwhile, before there was more than one.
    if (this.#closing !== undefined) return works;
    for (const other of others) other.start();
    const { nodeIds, log } = this.#options;
    log.info({ port: this.#port, processes: nodeIds.length }, 'gateway processes share the port');
    return true;
  }

  /** Drains all of them. Resolves when they have ended. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  /** Whether they were told to end. */
  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** Asks all of them; whoever does not answer within that time, in milliseconds, has the value undefined. */
  ask(what: Question, limitMs: number): Promise<ProcessAnswer[]> {
    return Promise.all(
      this.#processes.map(async (each, index) => {
        const { pid } = each;
        return { nodeId: this.#options.nodeIds[index] ?? '', pid, value: await each.ask(what, limitMs) };
      }),
    );
  }

  /** Ends those at once that were asked to end and have not. */
  forceIfClosing(): void {
    if (this.#closing === undefined) return;
    for (const each of this.#processes) each.force();
  }

  async #drain(): Promise<void> {
    const inOrder = await Promise.all(this.#processes.map((each) => each.stop()));
    if (inOrder.includes(false)) this.#options.onDisorder?.();
  }

  #anybodyListens(): boolean {
    return this.#processes.some((each) => each.listens);
  }

  #received(from: GatewayProcess, message: ToParent): void {
    switch (message.type) {
      case 'taking':
        this.#port = message.port;
        from.taking = true;
        from.listens = true;
        this.#relieve();
        return;
      case 'leaving': {
        from.taking = false;
        // When all end, balancers have to hear from every one that it is not ready.
        const leave = this.#closing === undefined && this.#processes.some(({ taking }) => taking);
        if (leave) from.listens = false;
        from.send({ type: 'may-leave', leave });
        return;
      }
      case 'answer':
        // Goes to whoever has asked.
        return;
      default:
        message satisfies never;
    }
  }

  /** Whoever listened only because nobody else did need not any more. */
  #relieve(): void {
    if (this.#closing !== undefined) return;
    for (const each of this.#processes) {
      if (!each.listens || each.taking) continue;
      each.listens = false;
      each.send({ type: 'relieved' });
    }
  }
}
