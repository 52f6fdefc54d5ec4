import { access, constants } from 'node:fs/promises';
import { ensureProgram, findProgram } from '@chorus/local';
import { StartError } from '@chorus/service';

/** Its names on the PATH, by system and vendor. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Finds a Chromium for the tests: that of `CHROMIUM_PATH`, one on the PATH, or, for root on Debian, that of apt.
 *
 * @returns its file
 * @throws {StartError} if it is missing and cannot be installed
 */
export async function ensureTestChromium(): Promise<string> {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    await access(given, constants.X_OK).catch(() => {
      throw new StartError(`CHROMIUM_PATH="${given}" is not valid: it is no program that can be run`);
    });
    return given;
  }
  for (const name of NAMES) {
    const found = await findProgram(name);
    if (found !== undefined) return found;
  }
  return ensureProgram('chromium', {
    who: 'the browser tests need Chromium',
    hint: 'put chromium or google-chrome on the PATH (Debian: apt-get install chromium; macOS: brew install --cask chromium) or set CHROMIUM_PATH',
  });
}
