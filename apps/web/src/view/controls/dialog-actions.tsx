import { Failure } from './failure.js';
import type { Action } from './use-action.js';

/** The end of a form in a dialog: the error of the last attempt, and the buttons. */
export function DialogActions({
  action: { busy, error },
  name,
  close,
  disabled = false,
}: {
  action: Action;
  name: string;
  close: () => void;
  disabled?: boolean;
}) {
  return (
    <>
      <Failure error={error} />
      <div class="actions">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="primary" aria-disabled={busy || disabled}>
          {name}
        </button>
      </div>
    </>
  );
}
