const ZERO = 0x30;

/** Reads digits from `at` on into a field; returns where they end. Nothing is allocated. */
export function numberAt<Field extends string>(
  bytes: Buffer,
  at: number,
  into: Record<Field, number>,
  field: Field,
): number {
  let number = 0;
  for (; ; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  into[field] = number;
  return at;
}
