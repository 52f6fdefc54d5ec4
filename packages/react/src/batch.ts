/** Time for which changes are gathered, in milliseconds: one frame of a usual screen. */
const GATHER_MS = 16;

const updates = new Set<() => void>();

/**
 * Calls `update` soon, once, together with all other updates that were requested until then. React renders what one task changes in one
 * commit, and messages arrive as one task each: without this, a hundred messages that arrive together would be a hundred commits.
 * A timer, because hidden pages get no animation frames.
 */
export function batch(update: () => void): void {
  const isFirst = updates.size === 0;
  updates.add(update);
  if (!isFirst) return;
  setTimeout(() => {
    const all = [...updates];
    updates.clear();
    for (const each of all) each();
  }, GATHER_MS);
}
