import type { CommandSession } from './command-session.js';

export function watchRooms(session: CommandSession): void {
  session.watchRoomList();
}
