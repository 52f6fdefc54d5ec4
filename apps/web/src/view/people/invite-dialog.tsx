import type { Invite } from '@chorus/client';
import { useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { inviteAddress } from '../../model/route.js';
import { Choice } from '../controls/choice.js';
import { Dialog } from '../controls/dialog.js';
import { DialogActions } from '../controls/dialog-actions.js';
import { Failure } from '../controls/failure.js';
import { useAction } from '../controls/use-action.js';

const DAY = 86_400;
const TIMES = [
  [DAY, '1 day'],
  [7 * DAY, '7 days'],
  [30 * DAY, '30 days'],
] as const;
const USES = [
  [1, '1 person'],
  [10, '10 people'],
  [100, '100 people'],
] as const;

/** Makes a link by which users become members of a room. */
export function InviteDialog({ chat, roomId, onClose }: { chat: Chat; roomId: number; onClose: () => void }) {
  const [invite, setInvite] = useState<Invite>();
  return (
    <Dialog title="Invite by link" onClose={onClose}>
      {(close) =>
        invite === undefined ? (
          <InviteForm chat={chat} roomId={roomId} onInvite={setInvite} close={close} />
        ) : (
          <InviteLink chat={chat} invite={invite} close={close} />
        )
      }
    </Dialog>
  );
}

function InviteForm({
  chat,
  roomId,
  onInvite,
  close,
}: {
  chat: Chat;
  roomId: number;
  onInvite: (invite: Invite) => void;
  close: () => void;
}) {
  const [seconds, setSeconds] = useState<number>(7 * DAY);
  const [uses, setUses] = useState<number>(10);
  const action = useAction(async () => onInvite(await chat.actions.invite(roomId, seconds, uses)));
  return (
    <form onSubmit={action.submit}>
      <Choice label="Valid for" value={seconds} choices={TIMES} onChoose={setSeconds} />
      <Choice label="For" value={uses} choices={USES} onChoose={setUses} />
      <DialogActions action={action} name="Create link" close={close} />
    </form>
  );
}

function InviteLink({ chat, invite, close }: { chat: Chat; invite: Invite; close: () => void }) {
  const link = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = useAction(async () => {
    link.current?.select();
    await navigator.clipboard.writeText(inviteAddress(invite.code));
    setCopied(true);
  });
  const revoke = useAction(async () => {
    await chat.actions.revoke(invite);
    close();
  });
  return (
    <>
      <div class="field">
        <label for="invite-link">Link</label>
        <input ref={link} id="invite-link" type="text" readOnly value={inviteAddress(invite.code)} />
        <p class="hint">Every user who opens it becomes a member, until it ends or you revoke it.</p>
      </div>
      <Failure error={copy.error && 'Copy the link by hand: the browser does not allow it here.'} />
      <Failure error={revoke.error} />
      <p class="hint" role="status">
        {isCopied && 'The link was copied.'}
      </p>
      <div class="actions">
        <button type="button" class="danger" aria-disabled={revoke.busy} onClick={() => void revoke.run()}>
          Revoke
        </button>
        <button type="button" onClick={close}>
          Close
        </button>
        <button type="button" class="primary" onClick={() => void copy.run()}>
          Copy
        </button>
      </div>
    </>
  );
}
