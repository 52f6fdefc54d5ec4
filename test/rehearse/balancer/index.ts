import type { BalancerOptions, RealBalancer } from './balancer.js';
import { startHaproxy } from './haproxy.js';
import { startNginx } from './nginx.js';

export type { BackendGateway, RealBalancer } from './balancer.js';

/** By the name that the command line takes. */
export const BALANCERS = { haproxy: startHaproxy, nginx: startNginx } as const;

export type BalancerKind = keyof typeof BALANCERS;

/** @throws {StartError} one line that says why it cannot */
export function startRealBalancer(kind: BalancerKind, options: BalancerOptions): Promise<RealBalancer> {
  return BALANCERS[kind](options);
}
