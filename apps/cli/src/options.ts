import { InvalidArgumentError } from 'commander';
import { CliError } from './operator-api.js';

/** Reads the value of an option that is a number. */
export function numberOption(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** Reads the value of an option that is a list, separated by commas; empty for an empty list. */
export function listOption(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Returns the given fields. @throws {CliError} if there are none @param options those that give a field */
export function someOf<T extends object>(fields: T, options: string): T {
  if (Object.values(fields).every((value) => value === undefined)) {
    throw new CliError(`nothing to change: give ${options}`);
  }
  return fields;
}

/** Path of one object. */
export function pathOf(list: string, id: string): string {
  return `/${list}/${encodeURIComponent(id)}`;
}
