/** Formats a number for people: grouped thousands, significant digits only. */

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** @param perSecond a rate */
export function formatRate(perSecond: number): string {
  return `${perSecond >= 100 ? formatCount(perSecond) : trimmed(perSecond)}/s`;
}

export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms >= 10_000) return `${trimmed(ms / 1_000)} s`;
  return `${ms >= 100 ? formatCount(ms) : trimmed(ms)} ms`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(bytes) || 1) / 10)));
  const value = bytes / 1_024 ** power;
  return `${power === 0 ? formatCount(value) : value.toFixed(1)} ${units[power]}`;
}

export function formatMicros(micros: number): string {
  if (micros >= 1e6) return `${trimmed(micros / 1e6)} s`;
  return micros >= 10_000 ? `${trimmed(micros / 1e3)} ms` : `${trimmed(micros)} µs`;
}

export function formatShare(share: number): string {
  return `${trimmed(share * 100)} %`;
}

/** Formats milliseconds, for durations that a user chose: `30 s`, `500 ms`. */
export function formatDuration(ms: number): string {
  return ms >= 1_000 || ms === 0 ? `${trimmed(ms / 1_000)} s` : `${trimmed(ms)} ms`;
}

function trimmed(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}
