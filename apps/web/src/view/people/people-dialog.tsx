import type { Member } from '@chorus/client';
import { useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { Dialog } from '../controls/dialog.js';
import { DialogActions } from '../controls/dialog-actions.js';
import { useAction } from '../controls/use-action.js';
import { UserPicker } from './user-picker.js';

export interface PeopleDialogProps {
  chat: Chat;
  title: string;
  /** Name of the button. */
  action: string;
  /** Called with one user or more. */
  onPeople: (people: readonly Member[]) => Promise<void>;
  onClose: () => void;
}

/** Asks for users: to add them, or to write to them. */
export function PeopleDialog(props: PeopleDialogProps) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {(close) => <PeopleForm {...props} close={close} />}
    </Dialog>
  );
}

function PeopleForm({ chat, action: name, onPeople, close }: PeopleDialogProps & { close: () => void }) {
  const [chosen, setChosen] = useState<readonly Member[]>([]);
  const action = useAction(async () => {
    if (chosen.length === 0) return;
    await onPeople(chosen);
    close();
  });
  return (
    <form onSubmit={action.submit}>
      <UserPicker chat={chat} chosen={chosen} onChange={setChosen} />
      <DialogActions action={action} name={name} close={close} disabled={chosen.length === 0} />
    </form>
  );
}
