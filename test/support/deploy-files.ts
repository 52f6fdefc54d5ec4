import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './root.js';

/** A file of `deploy/` as text. */
export function deployFile(name: string): string {
  return readFileSync(join(root, 'deploy', name), 'utf8');
}

/** One instruction of a Dockerfile, lines that go on joined. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** A stage of a Dockerfile, with what it takes over from the stage that it begins with. */
export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export function dockerfileStages(text: string): Stage[] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Array<{ name: string; from: string; instructions: Instruction[] }> = [];
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name !== 'FROM') {
      stages.at(-1)?.instructions.push({ name, rest });
      continue;
    }
    const [, from = '', stage = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
    const parent = stages.find((known) => known.name === from);
    stages.push({ name: stage, from, instructions: [...(parent?.instructions ?? [])] });
  }
  return stages;
}

/** The variables that a stage sets for what runs in it. */
export function stageEnvironment(stage: Stage): Record<string, string> {
  const pairs = stage.instructions
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ rest }) => [...rest.matchAll(/(\w+)=("[^"]*"|\S+)/g)]);
  return Object.fromEntries(pairs.map(([, key, value]) => [key, value]));
}

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly target: string; readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
}

export interface ComposeFile {
  readonly name?: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
}

/** compose.yaml with its anchors resolved and its variables as they stand. */
export function composeFile(): ComposeFile {
  return parse(deployFile('compose.yaml'), { merge: true }) as ComposeFile;
}
