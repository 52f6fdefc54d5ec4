/** Shown for unknown figures. */
export const UNKNOWN = '–';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

export function count(value: number | undefined): string {
  return value === undefined ? UNKNOWN : whole.format(value);
}

/** Formats a rate, with one more digit for small ones. */
export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return UNKNOWN;
  return (perSecond < 10 ? oneDigit : whole).format(perSecond);
}

export function milliseconds(value: number | null | undefined): string {
  if (value === undefined || value === null) return UNKNOWN;
  return value < 1_000
    ? `${(value < 10 ? oneDigit : whole).format(value)} ms`
    : `${oneDigit.format(value / 1_000)} s`;
}

export function percent(share: number | undefined): string {
  return share === undefined ? UNKNOWN : `${whole.format(share * 100)} %`;
}

/** Formats bytes in units of 1,000, with at most three digits before the unit. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return UNKNOWN;
  let unit = 0;
  let left = value;
  for (; left >= 999.5 && unit < UNITS.length - 1; unit++) left /= 1_000;
  return `${(left < 10 && unit > 0 ? oneDigit : whole).format(left)} ${UNITS[unit]}`;
}

/** Formats a duration in its two largest units. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/** Returns `1 connection`, `2 connections`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const exactTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** Formats a time of the API in the zone of the reader. @param exact with seconds */
export function time(text: string | null | undefined, exact = false): string {
  if (text === null || text === undefined) return UNKNOWN;
  return (exact ? exactTime : dateTime).format(new Date(text));
}
