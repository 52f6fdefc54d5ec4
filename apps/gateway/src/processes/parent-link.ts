import type { GatewayGroup } from '../start-gateway.js';
import type { Question, ToChild, ToParent } from './messages.js';

/** A parent that has not answered by then, in milliseconds, will not. */
const ANSWER_MS = 1_000;

/** A gateway process' connection to its parent, who knows how the others are. */
export class ParentLink implements GatewayGroup {
  readonly first: boolean;
  readonly #process: NodeJS.Process;
  readonly #stop = new AbortController();
  /** Questions that were not answered yet, in their order. */
  readonly #asked: Array<(leave: boolean) => void> = [];
  #relieved: () => void = () => undefined;
  #sources: Parameters<GatewayGroup['tell']>[0] | undefined;

  constructor(process: NodeJS.Process, first: boolean) {
    this.#process = process;
    this.first = first;
    process.on('message', (message: ToChild) => this.#received(message));
    process.on('disconnect', () => this.#orphaned());
    // A gateway that has drained is to end by itself.
    process.channel?.unref();
    if (!process.connected) this.#orphaned();
  }

  /** Aborted when the gateway is to drain and end: the parent says so, or is gone. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  taking(port: number): void {
    this.#send({ type: 'taking', port });
  }

  leave(): Promise<boolean> {
    // Whoever is on their own stays, and balancers notice: slower, but right in any case.
    if (!this.#process.connected) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS, false);
      this.#asked.push((leave) => {
        clearTimeout(timer);
        resolve(leave);
      });
      this.#send({ type: 'leaving' });
    });
  }

  onRelieved(listener: () => void): void {
    this.#relieved = listener;
  }

  tell(sources: Parameters<GatewayGroup['tell']>[0]): void {
    this.#sources = sources;
  }

  #received(message: ToChild): void {
    switch (message.type) {
      case 'may-leave':
        this.#asked.shift()?.(message.leave);
        return;
      case 'relieved':
        this.#relieved();
        return;
      case 'ask':
        void this.#answer(message.question, message.what);
        return;
      case 'stop':
        this.#stop.abort();
        return;
      default:
        message satisfies never;
    }
  }

  /** A gateway that is not up yet says nothing. */
  async #answer(question: number, what: Question): Promise<void> {
    const sources = this.#sources;
    if (sources === undefined) return;
    const value = what === 'metrics' ? await sources.metrics() : sources.state();
    this.#send({ type: 'answer', question, value });
  }

  /** However the parent ended, nobody looks after this process any more. */
  #orphaned(): void {
    for (const answer of this.#asked.splice(0)) answer(false);
    this.#stop.abort();
  }

  #send(message: ToParent): void {
    // A parent that goes just now is noticed by the disconnection.
    if (this.#process.connected) this.#process.send?.(message, undefined, undefined, () => undefined);
  }
}
