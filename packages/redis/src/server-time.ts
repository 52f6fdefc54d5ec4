/** Reply of `TIME`: seconds and microseconds. */
export type ServerTime = ReadonlyArray<number | string>;

/** Milliseconds since 1970 by the clock of Redis. */
export function milliseconds([seconds, microseconds]: ServerTime): number {
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}
