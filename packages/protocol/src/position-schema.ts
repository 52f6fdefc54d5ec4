import { z } from 'zod';

/** Problem of a value that is not a position; follows the name of its field. */
export const POSITION_PROBLEM = 'must be a position such as 1767225600000-12';

const count = z.int().nonnegative();

/** A `Position` in a frame. */
export const positionSchema = z.object({
  epoch: count.describe(
    'Numbering that `seq` belongs to. Values of `seq` in different epochs must not be compared.',
  ),
  seq: count.describe('Number of the message: consecutive within an epoch; 0 before the first message.'),
});
