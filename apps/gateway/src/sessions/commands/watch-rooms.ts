import type { CommandSession } from './session.js';

export function watchRooms(session: CommandSession): void {
  session.watchRoomList();
}
