import { useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { hashOfRoom } from '../../model/route.js';
import { Menu } from '../controls/menu.js';
import { ReportsDialog } from './reports-dialog.js';
import { DeleteRoomDialog, LeaveRoomDialog, RoomNameDialog } from './room-dialogs.js';
import { RoomSettingsDialog } from './room-settings-dialog.js';

/** Leaves the room on this page; a membership stays. */
export function closeRoom(chat: Chat, roomId: number): void {
  chat.leave(roomId);
  location.hash = hashOfRoom(undefined);
}

type Question = 'rename' | 'settings' | 'reports' | 'delete' | 'leave';

/** What the user can do about the room in view. */
export function RoomMenu({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const [asked, setAsked] = useState<Question>();
  const roomId = conversation.id;
  const name = conversation.name.value;
  const { own, moderate, leave } = chat.permissionsIn(roomId);
  const kind = chat.infoOf(roomId)?.kind;
  const isDirect = kind === 'direct';
  const isPrivate = kind === 'private';
  const close = (): void => closeRoom(chat, roomId);
  const leaveRoom = async (): Promise<void> => {
    await chat.actions.leave(roomId);
    close();
  };
  const onClose = (): void => setAsked(undefined);
  const item = (title: string, question: Question) => (
    <button type="button" onClick={() => setAsked(question)}>
      {title}
    </button>
  );
  return (
    <>
      <Menu label="Room menu">
        {own && item('Rename room', 'rename')}
        {moderate && item('Room settings', 'settings')}
        {moderate && item('Reports', 'reports')}
        {own && item('Delete room', 'delete')}
        {isPrivate ? (
          item('Leave room', 'leave')
        ) : (
          <button
            type="button"
            onClick={leave ? () => conversation.actions.try('You are still a member', leaveRoom()) : close}
          >
            {isDirect ? 'Close conversation' : 'Leave room'}
          </button>
        )}
      </Menu>
      {asked === 'rename' && (
        <RoomNameDialog
          name={name}
          onName={(next) => chat.rooms.change(roomId, { name: next })}
          onClose={onClose}
        />
      )}
      {asked === 'settings' && <RoomSettingsDialog chat={chat} roomId={roomId} onClose={onClose} />}
      {asked === 'reports' && <ReportsDialog chat={chat} conversation={conversation} onClose={onClose} />}
      {asked === 'delete' && (
        <DeleteRoomDialog
          name={name}
          onDelete={async () => {
            await chat.rooms.delete(roomId);
            close();
          }}
          onClose={onClose}
        />
      )}
      {asked === 'leave' && <LeaveRoomDialog name={name} onLeave={leaveRoom} onClose={onClose} />}
    </>
  );
}
