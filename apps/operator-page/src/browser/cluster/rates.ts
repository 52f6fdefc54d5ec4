import type { Figures, GatewayNode } from '../shared/operator-client.js';

/** Rates of a node between its last two reports; undefined without two comparable ones. */
export interface NodeRates {
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Mean delay of the messages relayed in that time, in milliseconds; undefined without messages. */
  readonly relayMs: number | undefined;
}

/** Counts of one start of a node. */
interface Known {
  readonly startedAt: string;
  figures: Figures;
  rates: NodeRates | undefined;
}

/**
 * Computes rates from counts. Nodes report once a second by their own clocks, so a rate changes with a new report and
 * not with each poll, and the time between two reports is the one that the node gives.
 */
export class Rates {
  #known = new Map<string, Known>();

  /** Reads the nodes' current reports and drops nodes that are gone. */
  look(nodes: readonly GatewayNode[]): void {
    const known = new Map<string, Known>();
    for (const { nodeId, startedAt, figures } of nodes) {
      if (figures === null) continue;
      const before = this.#known.get(nodeId);
      // A restarted process counts from 0.
      if (before === undefined || before.startedAt !== startedAt) {
        known.set(nodeId, { startedAt, figures, rates: undefined });
      } else if (figures.at > before.figures.at) {
        known.set(nodeId, { startedAt, figures, rates: between(before.figures, figures) });
      } else {
        known.set(nodeId, before);
      }
    }
    this.#known = known;
  }

  of(nodeId: string): NodeRates | undefined {
    return this.#known.get(nodeId)?.rates;
  }
}

function between(before: Figures, now: Figures): NodeRates {
  const seconds = (now.at - before.at) / 1_000;
  const relays = now.relays - before.relays;
  return {
    messagesIn: (now.messagesIn - before.messagesIn) / seconds,
    messagesOut: (now.messagesOut - before.messagesOut) / seconds,
    relayMs: relays > 0 ? (now.relayMs - before.relayMs) / relays : undefined,
  };
}
