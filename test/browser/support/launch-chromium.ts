import { ensureTestChromium } from '@chorus/testing';
import { type Browser, chromium } from 'playwright-core';

/** Disables what has no place in tests: updates, requests to other servers, the graphics card. */
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
 * @throws {StartError} Chromium is not installed
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = await ensureTestChromium();
  // Root cannot use its sandbox; it only loads pages of this project.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...ARGS, ...sandbox] });
}
