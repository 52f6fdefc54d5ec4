import { z } from 'zod';

const count = z.int().nonnegative();

/** A `Position` as it is in frames. */
export const positionSchema = z.object({
  epoch: count.describe('Which numbering `seq` belongs to; numbers of different epochs are never compared.'),
  seq: count.describe('Number of a message: consecutive within an epoch; 0 before the first.'),
});
