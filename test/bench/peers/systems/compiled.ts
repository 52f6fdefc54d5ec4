/*
 * Servers and dialects run as compiled files, even if this file does not: they start quickly, and their memory
 * contains no TypeScript loader.
 */

const TEST_FOLDER = import.meta.url.replace(/(dist\/)?bench\/peers\/systems\/[^/]+$/, '');

/** @param file without its ending, below `test/bench` */
export function compiledUrl(file: string): URL {
  return new URL(`dist/bench/${file}.js`, TEST_FOLDER);
}
