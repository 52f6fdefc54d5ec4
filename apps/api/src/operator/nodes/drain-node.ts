import { Refusal } from '@chorus/protocol';
import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { nothing } from '../inputs.js';

/**
 * Makes a gateway drain, or, with `on` false, accept connections again. Holds until it is lifted or the gateway ends.
 * The list of nodes shows the progress.
 */
export function drainNode({ nodes, directory, log }: OperatorServices, on: boolean): Handler {
  return async (ctx) => {
    parseInput(nothing, ctx.request.body ?? {});
    const nodeId = String(ctx.params.nodeId);
    const known = (await nodes.nodes()).some((node) => node.nodeId === nodeId);
    if (!known) throw new Refusal('node_not_found');
    await directory.announce({ type: 'node-drain', nodeId, on });
    record(log, ctx, on ? 'drain' : 'end drain', { gateway: nodeId });
    ctx.status = 202;
    ctx.body = { nodeId, draining: on };
  };
}
