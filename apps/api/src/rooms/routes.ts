import type { Router } from '@koa/router';
import { type AccessServices, requireRoomAccess } from '../auth/authenticate.js';
import type { RequestState } from '../http/context.js';
import { jsonBody } from '../http/json-body.js';
import { createRoom, createSeedRoom } from './create-room.js';
import { deleteRoom } from './delete-room.js';
import { getRoom } from './get-room.js';
import { listAllClients, listRoomClients, type PresenceReader } from './list-clients.js';
import { listRooms, listSeedRooms } from './list-rooms.js';
import { renameRoom } from './rename-room.js';
import { roomIdOf } from './room-inputs.js';
import type { RoomService } from './room-service.js';

export function addRoomRoutes(
  router: Router<RequestState>,
  services: AccessServices & { rooms: RoomService; presence: PresenceReader },
): void {
  const { rooms, presence } = services;
  const access = requireRoomAccess(services);
  // The routes of one room: not for whoever is banned from it.
  const roomAccess = requireRoomAccess(services, roomIdOf);
  const json = jsonBody();

  // The seed contract's face.
  router.post('/ws/create-room', access, json, createSeedRoom(rooms));
  router.get('/ws/get-rooms', access, listSeedRooms(rooms));
  router.get('/ws/get-clients', access, listAllClients(presence));
  router.get('/ws/get-clients/:roomId', roomAccess, listRoomClients(rooms, presence));

  // The REST face.
  router.post('/api/rooms', access, json, createRoom(rooms));
  router.get('/api/rooms', access, listRooms(rooms));
  router.get('/api/rooms/:roomId', roomAccess, getRoom(rooms));
  router.patch('/api/rooms/:roomId', roomAccess, json, renameRoom(rooms));
  router.delete('/api/rooms/:roomId', roomAccess, deleteRoom(rooms));
}
