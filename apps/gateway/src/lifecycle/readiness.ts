import type { NodeReport } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import type { Answer } from '../transport/transport.js';

/** State of the port on which a gateway listens. */
export interface PortHealth {
  /**
   * `starting` until messages have flowed once; `isolated` when they flow everywhere but here, and the sockets are sent
   * elsewhere for that.
   */
  readonly state: NodeReport['state'] | 'starting' | 'isolated';
  /** Why messages do not flow, as predicate of "Redis". */
  readonly trouble?: string | undefined;
}

/**
 * The answer of `/readyz`. Only a node that is going away, never was ready, or has trouble that others have not, is not ready. When Redis is away later it is
 * so for all nodes, and sockets that are open, or can be opened again at once when Redis is back, are worth more than a
 * balancer without any node.
 */
export function readiness({ state, trouble }: PortHealth): Answer {
  const redis = `Redis ${trouble ?? 'does not answer'}`;
  switch (state) {
    case 'ready':
      return { status: 200, body: { status: 'ready' } };
    case 'degraded':
      return { status: 200, body: { status: 'degraded', error: redis } };
    case 'starting':
      return notReady(trouble === undefined ? 'starting' : `starting: ${redis}`);
    case 'isolated':
      return notReady(`only here ${redis}`);
    case 'draining':
      return notReady('draining');
  }
}

function notReady(error: string): Answer {
  const refusal = new Refusal('not_ready', error);
  return { status: refusal.status, body: refusal.bodyFor(), headers: refusal.headers };
}
