import type { Figures, GatewayNode } from './operator-client.js';

/** What a node does, over the time between its last two reports; undefined when there are not two that compare. */
export interface NodeRates {
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Mean over what was relayed in that time, in milliseconds; undefined when nothing was. */
  readonly relayMs: number | undefined;
}

/** Of one start of a node. */
interface Known {
  readonly startedAt: string;
  figures: Figures;
  rates: NodeRates | undefined;
}

/**
 * Makes rates out of counts. Nodes report once a second, by their own clocks: so it is a new report that gives a new rate,
 * not a new look, and the time between is what the node says.
 */
export class Rates {
  #known = new Map<string, Known>();

  /** Takes in what the nodes say now; those that are gone are forgotten. */
  look(nodes: readonly GatewayNode[]): void {
    const known = new Map<string, Known>();
    for (const { nodeId, startedAt, figures } of nodes) {
      if (figures === null) continue;
      const before = this.#known.get(nodeId);
      // A process that was started again counts from 0.
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
