import pg from 'pg';
import type { Raw } from './prepared-query.js';

const [INT8, INT8_ARRAY, TIMESTAMPTZ] = [20, 1016, 1184];
const timestamptz = pg.types.getTypeParser(TIMESTAMPTZ);

/** How values of a column are read: 64-bit numbers as numbers, times as dates, and JSON parsed. */
function parserOf({ dataTypeID }: pg.FieldDef): (text: string) => unknown {
  if (dataTypeID === INT8) return Number;
  if (dataTypeID === INT8_ARRAY) return int8Array;
  if (dataTypeID === TIMESTAMPTZ) return readTime;
  return pg.types.getTypeParser(dataTypeID);
}

type ObjectReader = (row: Raw[]) => Record<string, unknown>;

/** Readers of the columns that a connection keeps for a statement. */
const readers = new WeakMap<readonly pg.FieldDef[], ObjectReader>();

/** Returns a function that makes an object of a row, with a field for each column. */
export function rowReader<Row>(columns: readonly pg.FieldDef[]): (row: Raw[]) => Row {
  const reader = readers.get(columns) ?? objectReader(columns);
  readers.set(columns, reader);
  return reader as (row: Raw[]) => Row;
}

function objectReader(columns: readonly pg.FieldDef[]): ObjectReader {
  const names = columns.map(({ name }) => name);
  const parsers = columns.map(parserOf);
  // All rows have the fields of this one from the start: objects that grow field by field take several times as long.
  const empty: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, null]));
  return (row) => {
    const read = { ...empty };
    for (let at = 0; at < names.length; at++) {
      const value = row[at] ?? null;
      if (value !== null) read[names[at] ?? ''] = parsers[at]?.(value);
    }
    return read;
  };
}

/** Length of `2026-01-01 00:00:00`. */
const SECONDS = 19;
const [ZERO, COLON] = [0x30, 0x3a];

/** Reads a time. The general parser takes several microseconds: it is for infinity, and for years before 1000 and after 9999. */
export function readTime(text: string): Date {
  // Sessions have the zone UTC.
  const isUsual =
    text.endsWith('+00') && text.charCodeAt(SECONDS - 3) === COLON && text.charCodeAt(0) !== ZERO;
  if (!isUsual) return timestamptz(text);
  const end = text.length - 3;
  const digits = (from: number, to: number): number => {
    let number = 0;
    for (let at = from; at < to; at++) number = number * 10 + (at < end ? text.charCodeAt(at) - ZERO : 0);
    return number;
  };
  const date = [digits(0, 4), digits(5, 7) - 1, digits(8, 10)] as const;
  const time = [
    digits(11, 13),
    digits(14, 16),
    digits(17, SECONDS),
    digits(SECONDS + 1, SECONDS + 4),
  ] as const;
  return new Date(Date.UTC(...date, ...time));
}

/** Reads an array of 64-bit numbers without nulls. */
function int8Array(text: string): number[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(Number);
}
