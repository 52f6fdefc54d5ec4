import { ChorusError } from '@chorus/client';
import { useState } from 'preact/hooks';

export interface Action {
  readonly busy: boolean;
  /** Error of the last attempt, for people. */
  readonly error: string | undefined;
  run(): Promise<void>;
  /** Runs it when a form is submitted. */
  submit(event: Event): void;
}

/** An action that takes time and can fail. A second call while one is in progress does nothing. */
export function useAction(work: () => Promise<unknown>): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const run = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (failure) {
      setError(textOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void run();
  };
  return { busy, error, run, submit };
}

/** Returns what went wrong, for people. */
export function textOf(failure: unknown): string {
  if (!(failure instanceof ChorusError)) return 'Something went wrong.';
  if (failure.status === undefined && failure.retry) return 'There is no connection. Please try again.';
  if (failure.retry && Number(failure.status) >= 500)
    return 'The server cannot do this at the moment. Please try again.';
  const text = failure.message;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
