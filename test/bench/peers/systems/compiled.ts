/*
 * Servers and dialects run as they were compiled, wherever this file runs: that starts quickly, and a TypeScript
 * loader would be in their memory.
 */

const TEST_FOLDER = import.meta.url.replace(/(dist\/)?bench\/peers\/systems\/[^/]+$/, '');

/** @param file without its ending, below `test/bench` */
export function compiledUrl(file: string): URL {
  return new URL(`dist/bench/${file}.js`, TEST_FOLDER);
}
