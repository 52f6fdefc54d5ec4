import type { PresenceStore } from '@chorus/presence';
import type { RoomService } from './service.js';

export type PresenceReader = Pick<PresenceStore, 'members' | 'everyone' | 'busiest'>;

/** Dependencies of the room routes. */
export interface RoomServices {
  readonly rooms: RoomService;
  readonly presence: PresenceReader;
}
