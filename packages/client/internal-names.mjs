import { readFile } from 'node:fs/promises';

/**
 * Properties that only modules of this package know. The published module has short names for them, because bundlers of applications
 * cannot know that. Neither the API, nor frames, nor the platform may have one of them.
 */
export const INTERNAL_NAMES = `
  accepted acked anonymous answered apply become cancelAll caughtUp deliver down drop emit ended entered
  fail failures frames host internals interrupted isUp live messagesMissed monotonic news nextMessageId
  nudge onDown onError onFrame onHeaders onPage onRefused onRoom onState outdated pending probe readTo
  received refused renewRefused run session socketUrl spread stopped taps timer untilAnswered up
  wall wanted watch welcomed
`
  .trim()
  .split(/\s+/);

/** Declarations of what is not internal: the API and the frames. */
const FRAMES = ['client-frames', 'server-frames', 'inbox-frames', 'plain-frames', 'entries/change-frames'];

/**
 * @param shortened names that were found in the module
 * @param types declarations of the API
 * @throws if one of the names is known elsewhere, or is not used any more
 */
export async function checkInternalNames(shortened, types) {
  const unused = INTERNAL_NAMES.filter((name) => !shortened.includes(name));
  const files = FRAMES.map((name) => new URL(`../protocol/dist/${name}.d.ts`, import.meta.url));
  const texts = await Promise.all([types, ...files].map((file) => readFile(file, 'utf8')));
  const declared = texts.join('').replace(/\/\*.*?\*\//gs, '');
  const known = INTERNAL_NAMES.filter((name) => new RegExp(`\\b${name}\\??\\s*[:(<]`).test(declared));
  if (unused.length + known.length === 0) return;
  throw new Error(`internal names that are not used: ${unused}; that are not internal: ${known}`);
}
