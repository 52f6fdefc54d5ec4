import type { GatewayNode } from '../shared/operator-client.js';

/** A gateway that stopped reporting. */
export interface GoneNode {
  readonly node: GatewayNode;
  /** Time since its last report was seen, in milliseconds. */
  readonly agoMs: number;
}

/** Gateways report once a second. After this time without a report, in milliseconds, one is gone. */
const SILENT_MS = 4_000;
/** How long a gateway that is gone is still shown, in milliseconds. */
const REMEMBERED_MS = 600_000;

interface Known {
  node: GatewayNode;
  lastReport: number;
  /** When its last new report was seen, by `performance.now()`. */
  seenAt: number;
}

/**
 * Separates gateways that report from those that are gone. The API shows the last report of a dead gateway for some
 * more seconds; meanwhile its clients are on other gateways and would be counted twice.
 */
export class RollCall {
  readonly #known = new Map<string, Known>();

  /**
   * @param nodes as the API returns them
   * @param now by `performance.now()`
   */
  look(nodes: readonly GatewayNode[], now: number): { present: GatewayNode[]; gone: GoneNode[] } {
    for (const node of nodes) {
      const known = this.#known.get(node.nodeId);
      // A gateway of an older version has no figures: each poll counts as a report.
      const report = node.figures?.at ?? now;
      const isNew =
        known === undefined || known.lastReport !== report || known.node.startedAt !== node.startedAt;
      if (isNew) this.#known.set(node.nodeId, { node, lastReport: report, seenAt: now });
    }
    const shown = new Set(nodes.map(({ nodeId }) => nodeId));
    const gone: GoneNode[] = [];
    for (const [nodeId, { node, seenAt }] of this.#known) {
      const agoMs = now - seenAt;
      if (agoMs > REMEMBERED_MS) this.#known.delete(nodeId);
      else if (!shown.has(nodeId) || agoMs > SILENT_MS) gone.push({ node, agoMs });
    }
    const missing = new Set(gone.map(({ node }) => node.nodeId));
    return { present: nodes.filter(({ nodeId }) => !missing.has(nodeId)), gone };
  }
}
