import { readFileSync } from 'node:fs';

/** @param packageJson of the calling app: `new URL('../package.json', import.meta.url)` */
export function packageVersion(packageJson: URL): string {
  const { version } = JSON.parse(readFileSync(packageJson, 'utf8')) as { version?: unknown };
  return typeof version === 'string' ? version : 'unknown';
}
