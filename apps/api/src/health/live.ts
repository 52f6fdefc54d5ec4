import { z } from 'zod';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';

const liveness = named('Liveness', z.object({ status: z.literal('live') }));

/** The process works, whatever it depends on. */
export const live = operation(
  {
    id: 'live',
    summary: 'Says that the process works',
    access: 'anyone',
    answer: { status: 200, description: 'It does.', body: liveness },
  },
  () => () => ({ status: 'live' as const }),
);
