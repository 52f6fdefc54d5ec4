import type { Member } from '@chorus/client';
import { Store } from '../store.js';
import { type SharedUse, sourceOf } from './room-source.js';

export interface People {
  readonly people: readonly Member[];
}

/** @param event reports changes of `list` */
export function peopleStore(
  shared: SharedUse,
  event: 'members' | 'typing',
  list: 'members' | 'typists',
): Store<People> {
  const initial: People = { people: [] };
  return new Store(initial, (changed) =>
    sourceOf(shared, initial, (room) => {
      const stop = room.on(event, changed);
      return { read: () => ({ people: room[list] }), stop };
    }),
  );
}
