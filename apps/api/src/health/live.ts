import { z } from 'zod';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';

const liveness = named('Liveness', z.object({ status: z.literal('live') }));

/** Liveness: the process works. Does not depend on other services. */
export const live = operation(
  {
    id: 'live',
    summary: 'Check liveness: the process works',
    access: 'anyone',
    answer: { status: 200, description: 'The process works.', body: liveness },
  },
  () => () => ({ status: 'live' as const }),
);
