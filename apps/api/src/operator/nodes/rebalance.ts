import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { rebalanceInput } from '../inputs.js';

/** Makes gateways with more connections than the average close some of them, so that emptier ones fill. */
export function rebalance({ directory, log }: OperatorServices): Handler {
  return async (ctx) => {
    const { sharePerMinute } = parseInput(rebalanceInput, ctx.request.body);
    await directory.announce({ type: 'rebalance', sharePerMinute });
    record(log, ctx, 'rebalance', { sharePerMinute });
    ctx.status = 202;
    ctx.body = { sharePerMinute };
  };
}
