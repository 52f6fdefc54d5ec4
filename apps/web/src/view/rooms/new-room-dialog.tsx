import { useId, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { hashOfRoom } from '../../model/route.js';
import { Dialog } from '../controls/dialog.js';
import { DialogActions } from '../controls/dialog-actions.js';
import { Field } from '../controls/field.js';
import { useAction } from '../controls/use-action.js';

/** Asks for the name and the kind of a new room, and opens it. */
export function NewRoomDialog({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  return (
    <Dialog title="New room" onClose={onClose}>
      {(close) => <NewRoomForm chat={chat} close={close} />}
    </Dialog>
  );
}

function NewRoomForm({ chat, close }: { chat: Chat; close: () => void }) {
  const [name, setName] = useState('');
  const [isPrivate, setPrivate] = useState(false);
  const hint = useId();
  const action = useAction(async () => {
    const { id } = await chat.rooms.create({ name: name.trim(), kind: isPrivate ? 'private' : 'public' });
    location.hash = hashOfRoom(id);
    close();
  });
  return (
    <form onSubmit={action.submit}>
      <Field label="Room name" value={name} onText={setName} maxLength={128} autocomplete="off" autoFocus />
      <label class="check">
        <input
          type="checkbox"
          checked={isPrivate}
          aria-describedby={hint}
          onChange={({ currentTarget }) => setPrivate(currentTarget.checked)}
        />
        Private
      </label>
      <p class="hint" id={hint}>
        Only members find a private room and read it. All users find a public one.
      </p>
      <DialogActions action={action} name="Create" close={close} />
    </form>
  );
}
