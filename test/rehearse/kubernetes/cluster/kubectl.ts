import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { StartError } from '@chorus/service';
import { packagedProgram } from '../../../deploy/packaged-programs.js';
import { runTool } from '../prepare/run-tool.js';

/** Calls `kubectl` for one cluster. */
export class Kubectl {
  private constructor(
    /** Path of the program. */
    readonly program: string,
    readonly kubeconfig: string,
  ) {}

  static async for(kubeconfig: string): Promise<Kubectl> {
    return new Kubectl(await packagedProgram('kubectl'), kubeconfig);
  }

  /**
   * Runs a command and returns its output.
   * @throws {StartError} when it fails
   */
  run(...args: string[]): Promise<string> {
    return runTool(this.program, args, { env: { KUBECONFIG: this.kubeconfig } });
  }

  /** Returns the answer to `kubectl get … -o json`. */
  async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.run('get', ...args, '-o', 'json')) as T;
  }

  /**
   * Applies objects.
   * @throws {StartError} when the API server refuses one
   */
  async apply(objects: string): Promise<void> {
    const child = spawn(this.program, ['apply', '-f', '-'], {
      env: { ...process.env, KUBECONFIG: this.kubeconfig },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.stdin.end(objects);
    const errors = await text(child.stderr);
    if ((await ended) !== 0) throw new StartError(`kubectl apply failed: ${errors.trim()}`);
  }
}
