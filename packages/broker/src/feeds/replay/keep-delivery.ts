import { isChangeFrame, type MessageChange } from '@chorus/protocol';
import type { Position, StoredMessage } from '../../broker.js';
import type { ReplayWindow } from './window.js';

/** Keeps a delivery for clients that resume. After a deletion they no longer receive what was deleted. */
export function keepDelivery(
  window: ReplayWindow,
  roomId: number,
  position: Position,
  frame: Uint8Array,
): void {
  window.append(position, frame);
  if (!isChangeFrame(frame)) return;
  const { change, target } = JSON.parse(Buffer.from(frame).toString()) as Partial<MessageChange>;
  if (target === undefined) return;
  if (change === 'deleted') window.erase(roomId, target);
  // Its sender did not know of the deletion.
  else if ((change === 'edited' || change === 'appended') && window.hasErased(target)) {
    window.erase(roomId, target);
  }
}

/**
 * Keeps older messages that were read in the recent history, for clients that resume. The history may have texts that were deleted
 * meanwhile: archivers erase them a moment after the deletion.
 */
export function keepHistory(
  window: ReplayWindow,
  roomId: number,
  messages: readonly StoredMessage[],
  readFrom: Position,
): void {
  window.prepend(messages, readFrom);
  for (const target of deletedBy(messages)) window.erase(roomId, target);
  window.eraseAgain(roomId, messages.length);
}

/** Returns the messages that these entries delete. */
function deletedBy(entries: readonly StoredMessage[]): Position[] {
  return entries.flatMap(({ frame }) => {
    if (!isChangeFrame(frame)) return [];
    const text = Buffer.from(frame).toString();
    // Most changes are no deletions: they are not parsed.
    if (!text.includes('"change":"deleted"')) return [];
    const { change, target } = JSON.parse(text) as Partial<MessageChange>;
    return change === 'deleted' && target !== undefined ? [target] : [];
  });
}
