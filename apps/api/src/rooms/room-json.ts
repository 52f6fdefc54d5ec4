import type { Room } from './room-repository.js';

/** A room as the seed contract shows it. */
export function seedRoom(room: Room) {
  return { id: room.id, name: room.name };
}

/** A room as the REST resource shows it. */
export function restRoom(room: Room) {
  return {
    id: room.id,
    name: room.name,
    createdBy: room.createdBy,
    createdAt: room.createdAt.toISOString(),
    updatedAt: room.updatedAt.toISOString(),
  };
}
