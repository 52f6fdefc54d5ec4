import { useState } from 'preact/hooks';
import type { Chat } from '../model/chat.js';
import type { Session } from '../model/session.js';
import { Dialog } from './controls/dialog.js';
import { Failure } from './controls/failure.js';
import { Field } from './controls/field.js';
import { useAction } from './controls/use-action.js';
import { NotificationSwitch } from './notification-offer.js';

/** What a user does about the account, above all when another person may know the password. */
export function AccountDialog({
  session,
  chat,
  onClose,
}: {
  session: Session;
  chat: Chat;
  onClose: () => void;
}) {
  return (
    <Dialog title="Account" onClose={onClose}>
      {(close) => (
        <>
          <NotificationSwitch notifier={chat.notifier} />
          <AccountForm session={session} close={close} />
        </>
      )}
    </Dialog>
  );
}

function AccountForm({ session, close }: { session: Session; close: () => void }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useAction(async () => {
    await session.changePassword(current, next);
    close();
  });
  const everywhere = useAction(() => session.signOutEverywhere());
  return (
    <>
      {session.methods.value?.passwords !== false && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void change.run();
          }}
        >
          <Field
            label="Current password"
            type="password"
            value={current}
            onText={setCurrent}
            autocomplete="current-password"
            autoFocus
          />
          <Field
            label="New password"
            type="password"
            value={next}
            onText={setNext}
            autocomplete="new-password"
            hint="You stay signed in here and are signed out everywhere else."
          />
          <Failure error={change.error} />
          <div class="actions">
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button type="submit" class="primary" aria-disabled={change.busy}>
              Change password
            </button>
          </div>
        </form>
      )}
      <p class="hint">Signing out everywhere ends all of your sessions, this one as well.</p>
      <Failure error={everywhere.error} />
      <div class="actions">
        <button
          type="button"
          class="danger"
          aria-disabled={everywhere.busy}
          onClick={() => void everywhere.run()}
        >
          Sign out everywhere
        </button>
      </div>
    </>
  );
}
