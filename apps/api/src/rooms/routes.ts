import type { RouteTable } from '../http/route-table.js';
import { createRoom, createSeedRoom } from './create-room.js';
import { deleteRoom } from './delete-room.js';
import type { RoomServices } from './dependencies.js';
import { getRoom } from './get-room.js';
import { listAllClients, listRoomClients } from './list-clients.js';
import { listRooms, listSeedRooms } from './list-rooms.js';
import { renameRoom } from './rename-room.js';

export const roomRoutes: RouteTable<RoomServices> = {
  // The seed contract's face.
  'POST /ws/create-room': createSeedRoom,
  'GET /ws/get-rooms': listSeedRooms,
  'GET /ws/get-clients': listAllClients,
  'GET /ws/get-clients/:roomId': listRoomClients,

  // The REST face.
  'POST /api/rooms': createRoom,
  'GET /api/rooms': listRooms,
  'GET /api/rooms/:roomId': getRoom,
  'PATCH /api/rooms/:roomId': renameRoom,
  'DELETE /api/rooms/:roomId': deleteRoom,
};
