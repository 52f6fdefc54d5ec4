import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type Chosen, optionNamed } from './chosen.js';
import { UnitError } from './units.js';
import { UsageError } from './usage-error.js';

/** The scenarios that come with the tool. */
export const OWN_SCENARIOS = fileURLToPath(new URL('../../scenarios.yaml', import.meta.url));

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const fileSchema = z.record(z.string(), z.record(z.string(), z.union([scalar, z.array(scalar)])));

/** A scenario of a file, with the names and units of the command line. */
export interface NamedScenario {
  readonly name: string;
  readonly chosen: Chosen;
}

/**
 * Reads one scenario: `[file, name]`, `[file]` if it contains only one, or `[name]` of those that come with the tool.
 * @throws {UsageError}
 */
export async function readScenario(given: readonly string[]): Promise<NamedScenario> {
  const [first = '', second, more] = given;
  if (more !== undefined) {
    throw new UsageError(`--scenario ${given.join(' ')}: it takes a file and the name of one scenario`);
  }
  const isFile = second !== undefined || /\.ya?ml$/i.test(first);
  const file = isFile ? first : OWN_SCENARIOS;
  const label = isFile ? file : 'scenarios.yaml';
  const scenarios = parseScenarios(await textOf(file), label);
  const names = [...scenarios.keys()];
  const name = isFile ? (second ?? (names.length === 1 ? names[0] : undefined)) : first;
  const chosen = name === undefined ? undefined : scenarios.get(name);
  if (name === undefined || chosen === undefined) {
    const wrong = name === undefined ? 'which scenario?' : `there is no scenario ${JSON.stringify(name)};`;
    throw new UsageError(`--scenario ${label}: ${wrong} it has ${names.join(', ') || 'none'}`);
  }
  return { name, chosen };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new UsageError(`--scenario ${file}: ${why}`);
  }
}

/**
 * @param label name of the file in messages
 * @throws {UsageError} for the first error
 */
export function parseScenarios(text: string, label: string): Map<string, Chosen> {
  const document = parseDocument(text, { prettyErrors: true });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line;
    const what = problem.message.split('\n')[0]?.replace(/ at line \d+.*$/, '');
    throw new UsageError(`${label}${line === undefined ? '' : `:${line}`}: ${what}`);
  }
  const read = fileSchema.safeParse(contentOf(document, label) ?? {});
  if (!read.success) {
    const path = read.error.issues[0]?.path.map(String).join(': ');
    throw new UsageError(
      `${label}${path ? `: ${path}` : ''}: it must be names of scenarios, with options below each`,
    );
  }
  return new Map(
    Object.entries(read.data).map(([name, options]) => [name, chosenOf(options, `${label}: ${name}`)]),
  );
}

/** @throws {UsageError} for an unresolved reference */
function contentOf(document: ReturnType<typeof parseDocument>, label: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${label}: ${(error as Error).message}`);
  }
}

type Scalar = z.infer<typeof scalar>;

function chosenOf(options: Readonly<Record<string, Scalar | Scalar[]>>, where: string): Chosen {
  const chosen = new Map<string, unknown>();
  for (const [name, value] of Object.entries(options)) {
    if (name === 'description') continue;
    const option = optionNamed(name);
    if (option === undefined) throw new UsageError(`${where}: there is no option ${JSON.stringify(name)}`);
    if (Array.isArray(value) && option.many === undefined) {
      throw new UsageError(`${where}: ${name} takes one value, not a list`);
    }
    const read = (one: Scalar): unknown => {
      try {
        return option.read(String(one));
      } catch (error) {
        if (!(error instanceof UnitError)) throw error;
        throw new UsageError(`${where}: ${name} ${JSON.stringify(one)} is invalid. ${error.message}`);
      }
    };
    chosen.set(name, option.many ? [value].flat().map(read) : read(value as Scalar));
  }
  return chosen;
}
