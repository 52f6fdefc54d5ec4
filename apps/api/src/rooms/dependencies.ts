import type { PresenceStore } from '@chorus/presence';
import type { RoomService } from './service.js';

export type PresenceReader = Pick<PresenceStore, 'members' | 'everyone' | 'busiest'>;

/** What the routes of rooms work with. */
export interface RoomServices {
  readonly rooms: RoomService;
  readonly presence: PresenceReader;
}
