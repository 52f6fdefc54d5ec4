import { Failure } from './failure.js';
import type { Action } from './use-action.js';

/** The end of a form in a dialog: the error of the last attempt, and the buttons. */
export function DialogActions({
  action: { busy, error },
  name,
  cancel = 'Cancel',
  close,
  disabled = false,
}: {
  action: Action;
  name: string;
  /** Name of the button that closes the dialog. */
  cancel?: string;
  close: () => void;
  disabled?: boolean;
}) {
  return (
    <>
      <Failure error={error} />
      <div class="actions">
        <button type="button" onClick={close}>
          {cancel}
        </button>
        <button type="submit" class="primary" aria-disabled={busy || disabled}>
          {name}
        </button>
      </div>
    </>
  );
}
