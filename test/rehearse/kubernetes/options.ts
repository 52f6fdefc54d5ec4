import { Command, InvalidArgumentError } from 'commander';
import { whole } from '../options.js';
import { DEFAULT_CACHE } from './files.js';

/** Parts after the installation, which is always rehearsed. */
export const PARTS = ['policies', 'load', 'autoscaling'] as const;
export type Part = (typeof PARTS)[number];

export interface KubernetesOptions {
  readonly parts: readonly Part[];
  /** Folder that keeps what is prepared. */
  readonly cache: string;
  /** Steps under load whose titles contain this text; without it, all. */
  readonly only?: string;
  readonly connections: number;
  /** Messages per second. */
  readonly rate: number;
  /** Files for the result. */
  readonly html?: string;
  readonly json?: string;
  /** Folder that receives the logs of all programs and pods. */
  readonly logs?: string;
}

/** Reads the command line. Ends the process after `--help`; on an error with one line and exit status 2. */
export function readKubernetesOptions(argv: readonly string[]): KubernetesOptions {
  const program = new Command('rehearse:kubernetes')
    .description(
      'Starts a Kubernetes cluster of its own in namespaces of this machine, installs Chorus as docs/how-to/kubernetes.md says, and checks it.',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .option('--parts <list>', `parts of the rehearsal, separated by commas (${PARTS.join(', ')})`, parts, [
      ...PARTS,
    ])
    .option('--only <text>', 'only steps under load whose title contains this text')
    .option('--connections <number>', 'number of sockets under load', whole(10, 4_000), 2_000)
    .option('--rate <number>', 'messages per second, of all clients together', whole(1, 100_000), 400)
    .option('--cache <folder>', 'folder for compiled programs, packages and images', DEFAULT_CACHE)
    .option('--html <file>', 'file for the result as a page')
    .option('--json <file>', 'file for the result as JSON')
    .option('--logs <folder>', 'folder for the logs of the cluster and its pods')
    .allowExcessArguments(false);
  return program.parse([...argv], { from: 'user' }).opts<KubernetesOptions>();
}

function parts(text: string): Part[] {
  const named = text.split(',');
  const known = PARTS.filter((part) => named.includes(part));
  if (known.length === named.length) return known;
  throw new InvalidArgumentError(`Possible parts are ${PARTS.join(', ')}.`);
}
