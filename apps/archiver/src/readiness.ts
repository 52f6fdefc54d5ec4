import type { OperatorAnswer } from '@chorus/service';

/** The answer of `/readyz` of a process that is `ready`, `draining`, or goes on although something is wrong. */
export function readiness(state: string): OperatorAnswer {
  if (state === 'ready') return { status: 200, body: { status: 'ready' } };
  if (state === 'draining') return { status: 503, body: { error: 'draining' } };
  return { status: 200, body: { status: 'degraded', error: state } };
}
