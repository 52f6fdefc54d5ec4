/** Signals that ask a process to shut down. A closed terminal sends SIGHUP. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Calls `action` at every signal that asks the process to shut down; otherwise such a signal would end the process at
 * once.
 *
 * @param action `forcing`: whether the signal is a second one that may end the process at once. SIGHUP never may: the
 * kernel and the shell each send it when a terminal closes. Output to such a terminal is discarded.
 */
export function onStopSignal(action: (forcing: boolean) => void): void {
  for (const signal of STOP_SIGNALS) process.on(signal, () => action(signal !== 'SIGHUP'));
  // Writing to a closed terminal or an ended reader fails; an error without a listener would end the process.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
}
