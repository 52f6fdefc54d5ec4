import { useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { Choice } from '../controls/choice.js';
import { Dialog } from '../controls/dialog.js';
import { DialogActions } from '../controls/dialog-actions.js';
import { Field } from '../controls/field.js';
import { useAction } from '../controls/use-action.js';

const PAUSES = [
  [0, 'none'],
  [5, '5 seconds'],
  [30, '30 seconds'],
  [300, '5 minutes'],
] as const;

/** The topic of a room, which owners change, and its slow mode. */
export function RoomSettingsDialog({
  chat,
  roomId,
  onClose,
}: {
  chat: Chat;
  roomId: number;
  onClose: () => void;
}) {
  return (
    <Dialog title="Room settings" onClose={onClose}>
      {(close) => <SettingsForm chat={chat} roomId={roomId} close={close} />}
    </Dialog>
  );
}

function SettingsForm({ chat, roomId, close }: { chat: Chat; roomId: number; close: () => void }) {
  const { topic: oldTopic = '', slowModeSeconds = 0 } = chat.infoOf(roomId) ?? {};
  const [topic, setTopic] = useState(oldTopic);
  const [pause, setPause] = useState(slowModeSeconds);
  const { own } = chat.permissionsIn(roomId);
  const action = useAction(async () => {
    await chat.rooms.change(roomId, {
      ...(topic === oldTopic ? {} : { topic: topic.trim() }),
      ...(pause === slowModeSeconds ? {} : { slowModeSeconds: pause }),
    });
    close();
  });
  const choices = PAUSES.some(([seconds]) => seconds === slowModeSeconds)
    ? PAUSES
    : [...PAUSES, [slowModeSeconds, `${slowModeSeconds} seconds`] as const];
  return (
    <form onSubmit={action.submit}>
      {own && (
        <Field
          label="Topic"
          value={topic}
          onText={setTopic}
          maxLength={500}
          autocomplete="off"
          required={false}
          autoFocus
        />
      )}
      <Choice
        label="Pause between two messages of a member"
        value={pause}
        choices={choices}
        onChoose={setPause}
      />
      <DialogActions action={action} name="Save" close={close} />
    </form>
  );
}
