import { randomInt } from 'node:crypto';

const DIGITS = 8;

/**
 * Id of one start of a process: eight digits and letters. Random, because a timestamp could repeat that of an earlier
 * start whose clock was ahead.
 */
export function startId(): string {
  return randomInt(36 ** DIGITS)
    .toString(36)
    .padStart(DIGITS, '0');
}
