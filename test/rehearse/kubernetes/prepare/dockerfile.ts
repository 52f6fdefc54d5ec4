import { StartError } from '@chorus/service';

/** Settings of an image that a Dockerfile states, for the container runtime. */
export interface ImageSettings {
  readonly user: string;
  readonly folder: string;
  readonly env: readonly string[];
  readonly command: readonly string[];
  /** Signal that asks the process to end; without it, SIGTERM. */
  readonly stopSignal?: string;
}

const INSTRUCTION = /^(FROM|USER|WORKDIR|ENV|CMD)\s+(.+)$/;

/**
 * Returns the settings of a target: its own and those of the stages that it is built from.
 * @throws {StartError} when the Dockerfile has no such target
 */
export function settingsOf(dockerfile: string, target: string): ImageSettings {
  const stages = new Map<string, ImageSettings>();
  let current: ImageSettings = { user: '0:0', folder: '/', env: [], command: [] };
  let name = '';
  for (const line of dockerfile.split('\n')) {
    const [, instruction, text = ''] = INSTRUCTION.exec(line) ?? [];
    if (instruction === undefined) continue;
    if (instruction === 'FROM') {
      const [, from = '', as = ''] = /^(\S+) AS (\S+)$/.exec(text) ?? [];
      current = stages.get(from) ?? { user: '0:0', folder: '/', env: [], command: [] };
      name = as;
    } else {
      current = { ...current, ...setting(instruction, text, current) };
    }
    stages.set(name, current);
  }
  const found = stages.get(target);
  if (found === undefined) throw new StartError(`deploy/Dockerfile has no target "${target}"`);
  return found;
}

function setting(instruction: string, text: string, { env }: ImageSettings): Partial<ImageSettings> {
  switch (instruction) {
    case 'USER':
      return { user: text };
    case 'WORKDIR':
      return { folder: text };
    case 'ENV':
      return { env: [...env, ...text.split(' ')] };
    default:
      return { command: JSON.parse(text) as string[] };
  }
}
