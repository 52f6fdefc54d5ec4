import type { Invite } from '@chorus/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { inviteAddress } from '../../model/route.js';
import { dateTimeText } from '../../model/words.js';
import { Choice } from '../controls/choice.js';
import { Dialog } from '../controls/dialog.js';
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

/** Links by which users become members of a room: makes new ones, and shows those that can still be used. */
export function InviteDialog({ chat, roomId, onClose }: { chat: Chat; roomId: number; onClose: () => void }) {
  return (
    <Dialog title="Invite by link" onClose={onClose}>
      {(close) => <Invites chat={chat} roomId={roomId} close={close} />}
    </Dialog>
  );
}

function Invites({ chat, roomId, close }: { chat: Chat; roomId: number; close: () => void }) {
  const [seconds, setSeconds] = useState<number>(7 * DAY);
  const [uses, setUses] = useState<number>(10);
  /** Newest first. */
  const [invites, setInvites] = useState<readonly Invite[]>([]);
  const reading = useAction(async () => setInvites(await chat.actions.invites(roomId)));
  useEffect(() => void reading.run(), []);
  const creating = useAction(async () => {
    const invite = await chat.actions.invite(roomId, seconds, uses);
    setInvites((all) => [invite, ...all]);
  });
  return (
    <>
      <form onSubmit={creating.submit}>
        <p class="hint">Every user who opens a link becomes a member, until it ends or you revoke it.</p>
        <Choice label="Valid for" value={seconds} choices={TIMES} onChoose={setSeconds} />
        <Choice label="For" value={uses} choices={USES} onChoose={setUses} />
        <Failure error={creating.error ?? reading.error} />
        <div class="actions">
          <button type="submit" class="primary" aria-disabled={creating.busy}>
            Create link
          </button>
        </div>
      </form>
      <ul class="entries" aria-label="Links" hidden={invites.length === 0}>
        {invites.map((invite) => (
          <InviteItem
            key={invite.code}
            chat={chat}
            invite={invite}
            onRevoked={() => setInvites((all) => all.filter(({ code }) => code !== invite.code))}
          />
        ))}
      </ul>
      <div class="actions">
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
    </>
  );
}

function InviteItem({ chat, invite, onRevoked }: { chat: Chat; invite: Invite; onRevoked: () => void }) {
  const link = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = useAction(async () => {
    link.current?.select();
    await navigator.clipboard.writeText(inviteAddress(invite.code));
    setCopied(true);
  });
  const revoke = useAction(async () => {
    await chat.actions.revoke(invite);
    // The focus would be lost with the button that has it.
    link.current?.closest('dialog')?.querySelector('select')?.focus();
    onRevoked();
  });
  return (
    <li>
      <input ref={link} aria-label="Link" type="text" readOnly value={inviteAddress(invite.code)} />
      <p class="hint">
        {invite.uses} of {invite.maxUses} used. Ends {dateTimeText(Date.parse(invite.expiresAt))}.
      </p>
      <Failure error={copy.error && 'Copy the link by hand: the browser does not allow it here.'} />
      <Failure error={revoke.error} />
      <div class="actions">
        <p class="hint" role="status">
          {isCopied && 'Copied'}
        </p>
        <button type="button" class="danger" aria-disabled={revoke.busy} onClick={() => void revoke.run()}>
          Revoke
        </button>
        <button type="button" onClick={() => void copy.run()}>
          Copy
        </button>
      </div>
    </li>
  );
}
