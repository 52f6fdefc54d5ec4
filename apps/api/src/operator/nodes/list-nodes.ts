import type { NodeReport } from '@chorus/control';
import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import type { OperatorServices } from '../dependencies.js';
import { nothing } from '../inputs.js';

/** Lists every gateway with a current report. */
export function listNodes({ nodes }: OperatorServices): Handler {
  return async (ctx) => {
    parseInput(nothing, ctx.query);
    ctx.body = { nodes: (await nodes.nodes()).map(node) };
  };
}

/** Returns the number of sockets, per gateway and in total. */
export function listConnections({ nodes }: OperatorServices): Handler {
  return async (ctx) => {
    parseInput(nothing, ctx.query);
    const found = await nodes.nodes();
    ctx.body = {
      total: found.reduce((sum, { connections }) => sum + connections, 0),
      nodes: found.map(({ nodeId, connections }) => ({ nodeId, connections })),
    };
  };
}

function node({ nodeId, startedAt, connections, rooms, state, figures }: NodeReport) {
  const started = new Date(startedAt).toISOString();
  return { nodeId, state, connections, rooms, startedAt: started, figures: figures ?? null };
}
