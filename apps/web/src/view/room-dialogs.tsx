import { useState } from 'preact/hooks';
import { Dialog } from './controls/dialog.js';
import { Failure } from './controls/failure.js';
import { Field } from './controls/field.js';
import { useAction } from './controls/use-action.js';

/** Asks for the name of a new or existing room. */
export function RoomNameDialog(props: {
  title: string;
  action: string;
  name?: string;
  onName: (name: string) => Promise<void>;
  onClose: () => void;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {(close) => <RoomNameForm {...props} close={close} />}
    </Dialog>
  );
}

function RoomNameForm({
  action,
  name: before = '',
  onName,
  close,
}: {
  action: string;
  name?: string;
  onName: (name: string) => Promise<void>;
  close: () => void;
}) {
  const [name, setName] = useState(before);
  const { busy, error, run } = useAction(async () => {
    await onName(name.trim());
    close();
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <Field label="Room name" value={name} onText={setName} maxLength={128} autocomplete="off" autoFocus />
      <Failure error={error} />
      <div class="actions">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="primary" aria-disabled={busy}>
          {action}
        </button>
      </div>
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
    <Dialog title="Delete room" onClose={onClose}>
      {(close) => <DeleteRoomForm name={name} onDelete={onDelete} close={close} />}
    </Dialog>
  );
}

function DeleteRoomForm({
  name,
  onDelete,
  close,
}: {
  name: string;
  onDelete: () => Promise<void>;
  close: () => void;
}) {
  const { busy, error, run } = useAction(async () => {
    await onDelete();
    close();
  });
  return (
    <>
      <p>
        <bdi class="strong">{name}</bdi> and all its messages will be deleted for all users, for ever.
      </p>
      <Failure error={error} />
      <div class="actions">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="danger" aria-disabled={busy} onClick={() => void run()}>
          Delete
        </button>
      </div>
    </>
  );
}
