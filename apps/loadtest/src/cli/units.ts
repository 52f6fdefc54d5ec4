/** A value that cannot be read; the message describes the allowed values. */
export class UnitError extends Error {
  override readonly name = 'UnitError';
}

export type Reader<T> = (text: string) => T;

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const BYTES = { b: 1, kb: 1_024, mb: 1_048_576 } as const;

/** Reads `50ms`, `30s`, `2m`, `1h`, `1.5s` as milliseconds; 0 needs no unit. */
export const duration: Reader<number> = (text) => {
  if (text === '0') return 0;
  return withUnit(text, MILLISECONDS, 'It must be a time such as 50ms, 30s or 2m.');
};

/** Reads `512`, `512b`, `1kb`, `1mb` as bytes; a kb has 1,024 bytes. */
export const size: Reader<number> = (text) =>
  withUnit(/^\d+$/.test(text) ? `${text}b` : text, BYTES, 'It must be a size such as 128, 1kb or 1mb.');

function withUnit(text: string, units: Readonly<Record<string, number>>, allowed: string): number {
  const [, amount, unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)\s?([a-z]{1,2})$/i.exec(text) ?? [];
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  if (amount === undefined || factor === undefined) throw new UnitError(allowed);
  return Number(amount) * factor;
}

/** Returns a reader that also refuses values outside of the range. */
export function within(read: Reader<number>, min: number, max: number, allowed: string): Reader<number> {
  return (text) => {
    const value = read(text);
    if (value >= min && value <= max) return value;
    throw new UnitError(allowed);
  };
}

/** Reads `20000`, `20_000`, `20k`. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (text) => {
    const value = plainNumber(text);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const upTo = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new UnitError(`It must be a whole number ${upTo}.`);
  };
}

/** Reads `0.5`, `500`, `50k`; per second, where it is a rate. */
export function decimal(what: string, min = 0): Reader<number> {
  return (text) => {
    const value = plainNumber(text);
    if (value >= min) return value;
    throw new UnitError(`It must be ${what}.`);
  };
}

/** Returns NaN for a text that is no number. */
function plainNumber(text: string): number {
  const [, digits, thousands] = /^(\d[\d_]{0,14}(?:\.\d{1,6})?)(k?)$/i.exec(text) ?? [];
  return digits === undefined ? Number.NaN : Number(digits.replaceAll('_', '')) * (thousands ? 1_000 : 1);
}

/** Reads `0.25` or `25%` as a share from 0 to 1. */
export const share: Reader<number> = (text) => {
  const [, digits, percent] = /^(\d{1,3}(?:\.\d{1,6})?)(%?)$/.exec(text) ?? [];
  const value = Number(digits) / (percent ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw new UnitError('It must be from 0 to 1, or from 0% to 100%.');
};

export function oneOf<const T extends readonly string[]>(...values: T): Reader<T[number]> {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new UnitError(`It must be ${values.join(' or ')}.`);
  };
}

/** Reads a URL of one of the schemes, such as `ws`. */
export function urlOf(...schemes: readonly string[]): Reader<string> {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url && url.host !== '' && schemes.includes(url.protocol.slice(0, -1))) return text;
    throw new UnitError(`It must be a URL such as ${schemes[0]}://127.0.0.1:8080.`);
  };
}
