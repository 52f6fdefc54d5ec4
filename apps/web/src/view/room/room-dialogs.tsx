import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../controls/dialog.js';
import { DialogActions } from '../controls/dialog-actions.js';
import { Failure } from '../controls/failure.js';
import { Field } from '../controls/field.js';
import { useAction } from '../controls/use-action.js';

interface RoomNameProps {
  name: string;
  onName: (name: string) => Promise<void>;
  onClose: () => void;
}

/** Asks for a new name of a room. */
export function RoomNameDialog(props: RoomNameProps) {
  return (
    <Dialog title="Rename room" onClose={props.onClose}>
      {(close) => <RoomNameForm {...props} close={close} />}
    </Dialog>
  );
}

function RoomNameForm({ name: before, onName, close }: RoomNameProps & { close: () => void }) {
  const [name, setName] = useState(before);
  const action = useAction(async () => {
    await onName(name.trim());
    close();
  });
  return (
    <form onSubmit={action.submit}>
      <Field label="Room name" value={name} onText={setName} maxLength={128} autocomplete="off" autoFocus />
      <DialogActions action={action} name="Rename" close={close} />
    </form>
  );
}

/** Asks for confirmation before a room is deleted. */
export function DeleteRoomDialog({
  name,
  onDelete,
  onClose,
}: {
  name: string;
  onDelete: () => Promise<void>;
  onClose: () => void;
}) {
  return (
    <ConfirmDialog title="Delete room" action="Delete" onConfirm={onDelete} onClose={onClose}>
      <p>
        <bdi class="strong">{name}</bdi> and all its messages will be deleted for all users, for ever.
      </p>
    </ConfirmDialog>
  );
}

/** Asks for confirmation before the user stops being a member of a private room. */
export function LeaveRoomDialog({
  name,
  onLeave,
  onClose,
}: {
  name: string;
  onLeave: () => Promise<void>;
  onClose: () => void;
}) {
  return (
    <ConfirmDialog title="Leave room" action="Leave" onConfirm={onLeave} onClose={onClose}>
      <p>
        You will not be a member of <bdi class="strong">{name}</bdi> any more. It is private: you can come
        back only if you are added or invited.
      </p>
    </ConfirmDialog>
  );
}

interface ConfirmProps {
  title: string;
  /** Name of the button. */
  action: string;
  children: ComponentChildren;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Asks for confirmation before something that cannot be undone. */
export function ConfirmDialog(props: ConfirmProps) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {(close) => <Confirm {...props} close={close} />}
    </Dialog>
  );
}

function Confirm({ action, children, onConfirm, close }: ConfirmProps & { close: () => void }) {
  const { busy, error, run } = useAction(async () => {
    await onConfirm();
    close();
  });
  return (
    <>
      {children}
      <Failure error={error} />
      <div class="actions">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="danger" aria-disabled={busy} onClick={() => void run()}>
          {action}
        </button>
      </div>
    </>
  );
}
