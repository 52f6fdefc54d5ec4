import type { Conversation } from '../../model/conversation/conversation.js';
import { excerptOf } from '../../model/text/markdown.js';
import { IconButton } from '../controls/icon-button.js';

/** What the composer is for, unless it is for a new message, and why the last change of a message failed. */
export function ComposeBanner({ conversation }: { conversation: Conversation }) {
  const { actions, composing } = conversation;
  const mode = composing.mode.value;
  const problem = actions.problem.value;
  return (
    <>
      {problem !== undefined && (
        <div class="notice problem" role="alert">
          <p>{problem}</p>
          <button
            type="button"
            onClick={() => {
              actions.problem.value = undefined;
            }}
          >
            Dismiss
          </button>
        </div>
      )}
      {mode.kind !== 'new' && (
        <div class="compose-mode" role="status" aria-label="Writing">
          <p>
            {mode.kind === 'edit' ? (
              'Editing a message'
            ) : (
              <>
                Reply to <bdi class="strong">{mode.message.username}</bdi>
              </>
            )}
            <span class="excerpt" dir="auto">
              {excerptOf(mode.message.content)}
            </span>
          </p>
          <IconButton icon="close" label="Cancel" onClick={() => composing.end()} />
        </div>
      )}
    </>
  );
}
