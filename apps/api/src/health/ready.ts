import { Refusal } from '@chorus/protocol';
import { z } from 'zod';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';
import type { Readiness } from './readiness.js';

const readinessJson = named(
  'Readiness',
  z
    .object({ status: z.enum(['ready', 'degraded']), error: z.string().optional() })
    .describe(
      '`degraded` while PostgreSQL or Redis does not answer or fails; `error` names it and gives the reason.',
    ),
);

export interface HealthServices {
  readonly readiness: Readiness;
}

export const ready = operation(
  {
    id: 'ready',
    summary: 'Check readiness: requests can be sent here',
    access: 'anyone',
    answer: { status: 200, description: 'Requests can be sent here.', body: readinessJson },
    errors: { 503: 'It was not ready yet, or is about to end.' },
  },
  ({ readiness }: HealthServices) =>
    async () => {
      const { status, body } = await readiness();
      if (status === 503) throw new Refusal('not_ready', body.error);
      return body;
    },
);
