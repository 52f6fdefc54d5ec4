import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { Closeable } from '@chorus/service';
import type { Command, Request, Response, ServerName, Trouble } from './trouble.js';

/** The compiled program, even if this file runs from source. */
const PROGRAM = createRequire(import.meta.url).resolve('#network-process');

/** The connections from each process of a cluster to each server, which can be disturbed separately. */
export class Network implements Closeable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (response: Response) => void>();
  readonly #ports = new Map<string, Promise<number>>();
  #last = 0;

  constructor() {
    this.#child = fork(PROGRAM, {
      // A proxy that dies ends the run; its output is needed.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child.on('message', (response: Response) => {
      this.#waiting.get(response.id)?.(response);
      this.#waiting.delete(response.id);
    });
    this.#child.once('exit', (code, signal) => {
      for (const [id, answer] of this.#waiting) answer({ id, port: 0, error: `it ended: ${code ?? signal}` });
    });
  }

  /** Names of the connections: `gateway-1:redis`. */
  get ways(): string[] {
    return [...this.#ports.keys()].sort();
  }

  /** Returns the port by which a process reaches a server, constant over its restarts. */
  portFor(nodeId: string, server: ServerName): Promise<number> {
    const name = `${nodeId}:${server}`;
    const port = this.#ports.get(name) ?? this.#ask({ type: 'open', name, server });
    this.#ports.set(name, port);
    return port;
  }

  /** Returns the server's URL with that port. */
  async urlFor(nodeId: string, server: ServerName, url: string): Promise<string> {
    const proxied = new URL(url);
    proxied.port = String(await this.portFor(nodeId, server));
    // A bare `redis://host:port` has no path; WHATWG keeps it that way for this scheme.
    return proxied.href;
  }

  /** Sends new connections to another port. @param reset ends open connections; otherwise they stay */
  async point(server: ServerName, port: number, reset = false): Promise<void> {
    await this.#ask({ type: 'point', server, port, reset });
  }

  /** @param trouble undefined ends it. @param reset ends open connections */
  async trouble(names: readonly string[], trouble: Trouble | undefined, reset = false): Promise<void> {
    await this.#ask({ type: 'trouble', names, trouble, reset });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await ended;
  }

  async #ask(command: Command): Promise<number> {
    const request: Request = { id: ++this.#last, command };
    const answer = new Promise<Response>((resolve) => this.#waiting.set(request.id, resolve));
    this.#child.send(request);
    const { port, error } = await answer;
    if (error !== undefined) throw new Error(`the network: ${error}`);
    return port;
  }
}
