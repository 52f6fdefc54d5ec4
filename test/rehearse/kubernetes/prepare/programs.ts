import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROGRAMS } from '../files.js';
import { contentOf, keep } from './keep.js';
import { runTool } from './run-tool.js';

/** Packages that are compiled without optimisation, which takes half the time. */
const UNOPTIMISED = ['k8s.io/kubernetes/...', 'github.com/google/cadvisor/...'];

/**
 * Returns the folder of Kubernetes' programs, compiled from the Go module proxy. The first time takes 10 to 20 minutes on two
 * cores, and later times nothing.
 * @throws {StartError} when Go is missing or the compiler fails
 */
export async function compilePrograms(cache: string, say: (line: string) => void): Promise<string> {
  const files = (await readdir(PROGRAMS, { recursive: true }))
    .filter((file) => /\.(go|mod|sum)$/.test(file))
    .sort();
  const sources = await contentOf(files.map((file) => join(PROGRAMS, file)));
  return keep(cache, 'programs', sources, async (folder) => {
    say('compiling Kubernetes: the first time takes 10 to 20 minutes');
    await mkdir(folder);
    const build = async (name: string, source: string, ...args: string[]): Promise<void> => {
      const output = ['-trimpath', '-o', join(folder, name)];
      await runTool('nice', ['-n', '10', 'go', 'build', ...output, ...args, source], {
        cwd: PROGRAMS,
        env: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
      });
    };
    await build('pause', './pause', '-ldflags', '-s -w');
    await build(
      'kubernetes',
      '.',
      ...UNOPTIMISED.map((pattern) => `-gcflags=${pattern}=-N -l -dwarf=false`),
      '-ldflags',
      linkerFlags(await kubernetesVersion()),
    );
  });
}

/** Returns the version that go.mod pins, such as v1.34.4. */
async function kubernetesVersion(): Promise<string> {
  return (
    await runTool('go', ['list', '-m', '-f', '{{.Version}}', 'k8s.io/kubernetes'], { cwd: PROGRAMS })
  ).trim();
}

/** The programs report this version, and refuse to work without one. */
function linkerFlags(version: string): string {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const base = 'k8s.io/component-base/version';
  const values = {
    [`${base}.gitVersion`]: version,
    [`${base}.gitMajor`]: major,
    [`${base}.gitMinor`]: minor,
    [`${base}.gitTreeState`]: 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': version,
  };
  return ['-s -w', ...Object.entries(values).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
}
