import type { Router } from '@koa/router';
import { type AccessServices, requireRoomAccess } from '../auth/authenticate.js';
import type { RequestState } from '../http/context.js';
import { roomIdOf } from '../rooms/room-inputs.js';
import type { RoomService } from '../rooms/room-service.js';
import { listMessages } from './list-messages.js';
import type { MessageHistory } from './message-history.js';

export function addMessageRoutes(
  router: Router<RequestState>,
  services: AccessServices & { rooms: RoomService; history: MessageHistory },
): void {
  const access = requireRoomAccess(services, roomIdOf);
  router.get('/api/rooms/:roomId/messages', access, listMessages(services.rooms, services.history));
}
