import type { NodeRegistry, NodeReport } from '../node-registry.js';

/** The registry within one process; gateways that share one see each other. */
export class MemoryNodeRegistry implements NodeRegistry {
  readonly #reports = new Map<string, { report: NodeReport; end: number }>();

  /** @param now returns milliseconds since a fixed moment */
  constructor(private readonly now: () => number = () => performance.now()) {}

  async report(report: NodeReport, ttlMs: number): Promise<void> {
    this.#reports.set(report.nodeId, { report, end: this.now() + ttlMs });
  }

  async forget(nodeId: string): Promise<void> {
    this.#reports.delete(nodeId);
  }

  async nodes(): Promise<NodeReport[]> {
    const now = this.now();
    for (const [nodeId, { end }] of this.#reports) if (end <= now) this.#reports.delete(nodeId);
    return [...this.#reports.values()].map(({ report }) => report).sort(byNodeId);
  }
}

/** Order of a registry's answer: by code units of the ids, independent of the machine's language. */
export function byNodeId(a: NodeReport, b: NodeReport): number {
  return a.nodeId < b.nodeId ? -1 : 1;
}
