import type { StoredMessage } from '../broker.js';
import { bodyOf } from './stored-frame.js';

/** Changes are serialised in one way. `restore-room.lua` decides the same. */
const ERASING = /^"type":"change","change":"(?:deleted|edited|appended)"/;

/** Whether archiving an entry can erase texts: it deletes a message, or changes a text that may be deleted. */
export function canErase(entry: StoredMessage): boolean {
  return ERASING.test(bodyOf(entry));
}
