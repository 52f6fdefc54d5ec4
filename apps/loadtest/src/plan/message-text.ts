/*
 * Text of a message: `~`, its number in ten digits, then filling. A receiver finds the number in any wrapping without
 * parsing. The time at which a message was due follows from its number and the schedule.
 */

const MARK = 0x7e;
const ZERO = 0x30;
const DIGITS = 10;
const FILLING = 'The quick brown fox jumps over the lazy dog. ';

/** @param bytes length of the text */
export function messageText(number: number, bytes: number): string {
  const head = `~${String(number).padStart(DIGITS, '0')}~`;
  return head + FILLING.repeat(Math.ceil(bytes / FILLING.length)).slice(0, Math.max(0, bytes - head.length));
}

/** Returns the number of the message in a frame; -1 without one. */
export function messageNumber(bytes: Buffer, start: number, end: number): number {
  const at = bytes.indexOf(MARK, start);
  const last = at + 1 + DIGITS;
  if (at === -1 || last >= end || bytes[last] !== MARK) return -1;
  let number = 0;
  for (let index = at + 1; index < last; index++) {
    const digit = (bytes[index] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
