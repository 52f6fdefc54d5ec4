import type { CurrentMessage } from '@chorus/client';
import type { Conversation } from '../../model/conversation/conversation.js';
import { excerptOf } from '../../model/text/markdown.js';
import { Dialog } from '../controls/dialog.js';

/** Asks for confirmation before a message is deleted. */
export function DeleteMessageDialog({
  conversation,
  message,
  onClose,
}: {
  conversation: Conversation;
  message: CurrentMessage;
  onClose: () => void;
}) {
  return (
    <Dialog title="Delete message" onClose={onClose}>
      {(close) => (
        <>
          <p class="excerpt" dir="auto">
            {excerptOf(message.content)}
          </p>
          <p>The text is deleted for all users, for ever.</p>
          <div class="actions">
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                conversation.actions.delete(message);
                close();
              }}
            >
              Delete
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}
