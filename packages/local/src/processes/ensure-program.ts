import { execFile } from 'node:child_process';
import { access, constants, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartError } from '@chorus/service';
import { findProgram } from './find-program.js';

const run = promisify(execFile);

/**
 * Finds a program on the PATH; for root on Debian, installs the package of that name with apt if it is missing,
 * without starting its service.
 *
 * @param need purpose and another way to get it, for the message
 * @returns its file
 * @throws {StartError} if it is missing and cannot be installed
 */
export async function ensureProgram(name: string, need: { who: string; hint: string }): Promise<string> {
  const found = await findProgram(name);
  if (found !== undefined) return found;
  const apt = await findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) throw new StartError(`${need.who}: ${need.hint}`);
  process.stderr.write(`Installing ${name} …\n`);
  await withoutStartingServices(async () => {
    const install = () =>
      run(apt, ['install', '-y', '-q', '--no-install-recommends', name], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    // A new machine has no package lists yet.
    await install().catch(() => run(apt, ['update', '-q']).then(install));
  }).catch((error: { stderr?: string }) => {
    const reason = (error.stderr ?? String(error)).trim().split('\n').at(-1);
    throw new StartError(`${need.who}, and apt-get cannot install ${name}: ${reason}`);
  });
  const installed = await findProgram(name);
  if (installed === undefined) throw new StartError(`apt-get installed ${name}, but it is not on the PATH`);
  return installed;
}

const POLICY = '/usr/sbin/policy-rc.d';

/** Debian runs this file before it starts a service of a newly installed package. */
async function withoutStartingServices(action: () => Promise<void>): Promise<void> {
  const theirs = await access(POLICY, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (!theirs) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await action();
  } finally {
    if (!theirs) await rm(POLICY, { force: true });
  }
}
