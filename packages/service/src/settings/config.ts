import { z } from 'zod';
import { ConfigError } from '../errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of a service: one schema per environment variable, under its name. */
export type Settings = z.ZodRawShape;

/**
 * Validates the variables and returns them typed. An empty value counts as not set.
 *
 * @throws {ConfigError} for the first missing or invalid variable: its name, its value (never that of a variable
 * named in `secrets`), and what is allowed
 */
export function parseSettings<S extends Settings>(
  settings: S,
  env: Environment,
  secrets: readonly string[] = [],
): z.infer<z.ZodObject<S>> {
  const given = Object.fromEntries(
    Object.keys(settings).map((name) => [name, env[name] === '' ? undefined : env[name]]),
  );
  const result = z.object(settings).safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? 'environment');
  const value = given[name];
  const what = issue?.message ?? 'is invalid';
  if (value === undefined) throw new ConfigError(`${name} is not set: ${what}`);
  const shown = secrets.includes(name) ? '' : `=${JSON.stringify(value)}`;
  throw new ConfigError(`${name}${shown} is not valid: ${what}`);
}

/** A whole number within bounds, parsed from text. Its error text gives the bounds. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, error)
    .transform(Number)
    .refine((value) => value >= min && value <= max, error);
}

/** A share: more than 0, at most 1, such as 0.05. */
export const share = () => {
  const error = 'must be a number above 0 and at most 1, such as 0.05';
  return z
    .string()
    .regex(/^(0?\.\d{1,9}|[01](\.0{1,9})?)$/, error)
    .transform(Number)
    .refine((value) => value > 0 && value <= 1, error);
};

/** A name that is safe in keys, logs and URLs. */
export const identifier = () =>
  z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores');

/** A TCP port; 0 lets the system choose one. */
export const port = () => integer(0, 65_535);

/** Exactly `true` or `false`. */
export const flag = () =>
  z.enum(['true', 'false'], { error: 'must be true or false' }).transform((value) => value === 'true');

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

/** Comma-separated text; blanks around items and empty items are dropped. */
export const list = () =>
  z.string().transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** A URL of one of the given schemes, such as `redis:`. */
export const url = (...schemes: string[]) => {
  const error = `must be a URL starting with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`;
  return z
    .string({ error })
    .refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol), error);
};
