/** A turn that takes less than this, in milliseconds, is short; one with nothing to do takes a hundredth of that. */
const SHORT_MS = 0.05;
/** When the process is busy, turns that are a little longer will do, and again a little longer. */
const PATIENCE = 1.05;

/**
 * Resolves right after a turn of the event loop in which little was done, so that what came in since the loop last
 * looked is little, too. A process that is busy all the time gets there after some hundred turns with the best it has.
 *
 * @returns false when the signal came first
 */
export async function shortTurn(signal: AbortSignal): Promise<boolean> {
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  await turn();
  let before = performance.now();
  for (let limit = SHORT_MS; !signal.aborted; limit *= PATIENCE) {
    await turn();
    const now = performance.now();
    if (now - before < limit) return !signal.aborted;
    before = now;
  }
  return false;
}
