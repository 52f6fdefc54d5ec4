import { type CurrentMessage, reportMessage } from '@chorus/client';
import { useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { excerptOf } from '../../model/text/markdown.js';
import { Dialog } from '../controls/dialog.js';
import { DialogActions } from '../controls/dialog-actions.js';
import { Field } from '../controls/field.js';
import { useAction } from '../controls/use-action.js';
import { ConfirmDialog } from '../room/room-dialogs.js';
import type { MessageQuestion } from './message-menu.js';

/** How long the page says that a report was sent, in milliseconds. */
const NOTICE_MS = 8_000;

interface MessageDialogProps {
  chat: Chat;
  conversation: Conversation;
  question: MessageQuestion;
  message: CurrentMessage;
  onClose: () => void;
}

/** Asks before something is done to a message. */
export function MessageDialog(props: MessageDialogProps) {
  const { conversation, question, message, onClose } = props;
  const excerpt = (
    <p class="excerpt" dir="auto">
      {excerptOf(message.content)}
    </p>
  );
  if (question === 'report') {
    return (
      <Dialog title="Report message" onClose={onClose}>
        {(close) => (
          <>
            {excerpt}
            <ReportForm {...props} close={close} />
          </>
        )}
      </Dialog>
    );
  }
  const remove = async (): Promise<void> => conversation.actions.delete(message);
  return (
    <ConfirmDialog title="Delete message" action="Delete" onConfirm={remove} onClose={onClose}>
      {excerpt}
      <p>The text is deleted for all users, for ever.</p>
    </ConfirmDialog>
  );
}

function ReportForm({ chat, conversation, message, close }: MessageDialogProps & { close: () => void }) {
  const [reason, setReason] = useState('');
  const action = useAction(async () => {
    await reportMessage(chat.api, conversation.id, message, reason.trim());
    close();
    chat.notice('Your report was sent to the moderators of the room.', NOTICE_MS);
  });
  return (
    <form onSubmit={action.submit}>
      <Field
        label="Reason"
        value={reason}
        onText={setReason}
        hint="The moderators of the room read it."
        maxLength={500}
        autocomplete="off"
        autoFocus
      />
      <DialogActions action={action} name="Report" close={close} />
    </form>
  );
}
