import type { NodeReport } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import type { HttpAnswer } from '../transport/transport.js';

/** State of the port on which a gateway listens. */
export interface PortHealth {
  /**
   * `starting` until messages have flowed once; `isolated` while messages flow on the other gateways only, and this one
   * asks its clients to reconnect.
   */
  readonly state: NodeReport['state'] | 'starting' | 'isolated';
  /** Why messages do not flow, as predicate of "Redis". */
  readonly trouble?: string | undefined;
}

/**
 * The response of `/readyz`. A node is not ready if it drains, has never been ready, or has trouble that other nodes do
 * not have. An outage of Redis concerns all nodes and does not make them unready: a load balancer without any node is
 * worse than sockets that stay open, or can reconnect at once when Redis is back.
 */
export function readiness({ state, trouble }: PortHealth): HttpAnswer {
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

function notReady(error: string): HttpAnswer {
  const refusal = new Refusal('not_ready', error);
  return { status: refusal.status, body: refusal.bodyFor(), headers: refusal.headers };
}
