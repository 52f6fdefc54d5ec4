/** Signals that ask a process to end in order. SIGHUP is that of a terminal that was closed. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Calls `action` at every signal that asks the process to end; without it such a signal ends the process at once.
 *
 * @param action `forcing` says whether the signal, as a second one, may end the process at once. SIGHUP never does: a terminal
 *   that closes sends it several times, by the kernel and by the shell. What is written to such a terminal is discarded.
 */
export function onStopSignal(action: (forcing: boolean) => void): void {
  for (const signal of STOP_SIGNALS) process.on(signal, () => action(signal !== 'SIGHUP'));
  // Writing to a terminal or a reader that is gone fails; an error without a listener would end the process half-way.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
}
