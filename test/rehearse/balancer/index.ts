import type { BalancerOptions, RealBalancer } from './balancer.js';
import { startHaproxy } from './haproxy.js';
import { startNginx } from './nginx.js';

export type { BackendGateway, Balance, RealBalancer } from './balancer.js';

/** By their names on the command line. */
export const BALANCERS = { haproxy: startHaproxy, nginx: startNginx } as const;

export type BalancerKind = keyof typeof BALANCERS;

/** @throws {StartError} one line with the reason */
export function startRealBalancer(kind: BalancerKind, options: BalancerOptions): Promise<RealBalancer> {
  return BALANCERS[kind](options);
}
