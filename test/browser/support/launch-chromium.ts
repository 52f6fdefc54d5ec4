import { ensureTestChromium } from '@chorus/local';
import { type Browser, chromium } from 'playwright-core';

/** What it would do by itself has no place in tests: looking for updates, asking other servers, using a graphics card. */
const ARGS = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-component-update',
  '--disable-background-networking',
  '--no-first-run',
];

/**
 * Starts a Chromium without a window. It ends with this process.
 * @throws {StartError} there is none
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = await ensureTestChromium();
  // Root cannot use its sandbox; it only ever sees pages of ours.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...ARGS, ...sandbox] });
}
