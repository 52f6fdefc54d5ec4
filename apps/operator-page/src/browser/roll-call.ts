import type { GatewayNode } from './operator-client.js';

/** A gateway that reports no more. */
export interface GoneNode {
  readonly node: GatewayNode;
  /** How long ago its last report was seen, in milliseconds. */
  readonly agoMs: number;
}

/** Gateways report once a second. One that has not for this long, in milliseconds, is gone. */
const SILENT_MS = 4_000;
/** How long a gateway that is gone is still shown, in milliseconds. */
const REMEMBERED_MS = 600_000;

interface Known {
  node: GatewayNode;
  lastReport: number;
  /** When a new report of it was last seen, by `performance.now()`. */
  seenAt: number;
}

/**
 * Tells gateways that report from those that are gone. The API shows the last report of a dead gateway for some seconds
 * longer; meanwhile its clients are on others, and counting it would count them twice.
 */
export class RollCall {
  readonly #known = new Map<string, Known>();

  /**
   * @param nodes as the API shows them
   * @param now as `performance.now()`
   */
  look(nodes: readonly GatewayNode[], now: number): { present: GatewayNode[]; gone: GoneNode[] } {
    for (const node of nodes) {
      const known = this.#known.get(node.nodeId);
      // A gateway of an older version has no figures: each look is a report of it.
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
