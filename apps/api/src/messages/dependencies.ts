import type { RoomService } from '../rooms/service.js';
import type { ChangingRooms } from './changes/changing-rooms.js';
import type { MessageHistory } from './history/message-history.js';
import type { RoomLog } from './history/room-log.js';
import type { MessageService } from './message-service.js';
import type { ReportRepository } from './reports/repository.js';
import type { SendingRooms } from './sending/sending-rooms.js';

/** Dependencies of the message routes. */
export interface MessageServices {
  readonly rooms: RoomService;
  readonly history: MessageHistory;
  readonly roomLog: RoomLog;
  readonly messages: MessageService;
  readonly sendingRooms: SendingRooms;
  readonly changingRooms: ChangingRooms;
  readonly reports: ReportRepository;
}
