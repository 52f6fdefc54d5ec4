import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ensureProgram } from '@chorus/local';
import { BALANCERS, type BalancerKind } from '../balancer/index.js';

/** The balancers of this machine: of those that are not there the first is installed, if there is none. */
export async function balancersHere(): Promise<readonly [BalancerKind, ...BalancerKind[]]> {
  const kinds = Object.keys(BALANCERS) as BalancerKind[];
  const found = await Promise.all(kinds.map(async (kind) => ((await answers(kind)) ? [kind] : [])));
  const [first, ...others] = found.flat();
  if (first !== undefined) return [first, ...others];
  await ensureHaproxy();
  return ['haproxy'];
}

/** Installs HAProxy where that is possible and it is not there. @throws {StartError} one line with what to do */
export async function ensureHaproxy(): Promise<void> {
  await ensureProgram('haproxy', {
    who: 'the tests need a load balancer',
    hint: 'put haproxy or nginx on the PATH (Debian, Ubuntu: apt-get install haproxy; macOS: brew install haproxy)',
  });
}

async function answers(program: string): Promise<boolean> {
  return promisify(execFile)(program, ['-v']).then(
    () => true,
    () => false,
  );
}
