import { Metrics } from '@chorus/service/metrics';
import { sumOfMetrics, sumOfMetricsData } from '@chorus/service/metrics-sum';
import type { ProcessAnswer } from './process-group.js';

/** How long a process may take to say what it has counted, in milliseconds. */
const LIMIT_MS = 1_000;

/** A metric as it travels. */
interface MetricData {
  readonly type?: string;
}

/** One process: in which life it was asked last, and what it said then. */
interface Known {
  pid: number | undefined;
  data: object[];
}

/**
 * The metrics of several processes as if they were one. Counts never fall, because whoever reads them would take that
 * for a restart and count everything again: of a process that has died, and of one that does not answer, what
 * it counted last is kept. What else it said is left out.
 */
export class GroupMetrics {
  readonly #known = new Map<string, Known>();
  /** What processes counted that have died. */
  #ended: object[] = [];
  #running: Promise<string> | undefined;
  readonly #own = new Metrics();
  #answered = { yes: 0, no: 0 };

  /** @param ask all processes for their metrics */
  constructor(private readonly ask: (limitMs: number) => Promise<readonly ProcessAnswer[]>) {
    const help = 'Gateway processes that answered when these metrics were asked for, and that did not.';
    this.#own.gaugeBy('chorus_gateway_processes', 'answered', help, () => this.#answered);
  }

  get contentType(): string {
    return this.#own.contentType;
  }

  /** In the text format of Prometheus. Whoever asks meanwhile gets the same. */
  text(): Promise<string> {
    this.#running ??= this.#gather().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #gather(): Promise<string> {
    const answers = await this.ask(LIMIT_MS);
    const all: object[][] = [];
    for (const { nodeId, pid, value } of answers) {
      const known = this.#known.get(nodeId);
      if (known !== undefined && known.pid !== pid) {
        this.#ended = await sumOfMetricsData([this.#ended, counts(known.data)]);
        this.#known.delete(nodeId);
      }
      if (Array.isArray(value)) {
        this.#known.set(nodeId, { pid, data: value });
        all.push(value);
      } else all.push(counts(this.#known.get(nodeId)?.data ?? []));
    }
    const yes = answers.filter(({ value }) => Array.isArray(value)).length;
    this.#answered = { yes, no: answers.length - yes };
    return sumOfMetrics([...all, this.#ended, await this.#own.data()]);
  }
}

/** Those that only grow. */
function counts(data: readonly object[]): object[] {
  return data.filter(({ type }: MetricData) => type === 'counter' || type === 'histogram');
}
