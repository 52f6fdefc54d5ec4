import type { RouteTable } from '../http/route-table.js';
import { changeRoom } from './change-room.js';
import { createOriginalRoom, createRoom } from './create-room.js';
import { deleteRoom } from './delete-room.js';
import type { RoomServices } from './dependencies.js';
import { getRoom } from './get-room.js';
import { listAllClients, listRoomClients } from './list-clients.js';
import { listOriginalRooms, listRooms } from './list-rooms.js';
import { openDirectRoom } from './open-direct-room.js';

export const roomRoutes: RouteTable<RoomServices> = {
  // Routes of the original service.
  'POST /ws/create-room': createOriginalRoom,
  'GET /ws/get-rooms': listOriginalRooms,
  'GET /ws/get-clients': listAllClients,
  'GET /ws/get-clients/:roomId': listRoomClients,

  // REST routes.
  'POST /api/rooms': createRoom,
  'POST /api/direct': openDirectRoom,
  'GET /api/rooms': listRooms,
  'GET /api/rooms/:roomId': getRoom,
  'PATCH /api/rooms/:roomId': changeRoom,
  'DELETE /api/rooms/:roomId': deleteRoom,
};
