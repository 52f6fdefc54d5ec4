import type { RoomProperties } from '../members/room-transaction.js';
import type { Room } from './repository.js';

/** Returns the given properties that the room does not have yet. */
export function differences(room: Room, given: RoomProperties): RoomProperties {
  const { name, topic, slowModeSeconds, retentionDays } = given;
  return {
    ...(name === undefined || name === room.name ? {} : { name }),
    ...(topic === undefined || topic === room.topic ? {} : { topic }),
    ...(slowModeSeconds === undefined || slowModeSeconds === room.slowModeSeconds ? {} : { slowModeSeconds }),
    ...(retentionDays === undefined || retentionDays === room.retentionDays ? {} : { retentionDays }),
  };
}
