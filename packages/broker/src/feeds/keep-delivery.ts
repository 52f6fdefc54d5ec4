import { isChangeFrame, type MessageChange } from '@chorus/protocol';
import type { Position } from '../broker.js';
import type { ReplayWindow } from './replay-window.js';

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
  if (change === 'deleted' && target !== undefined) window.erase(roomId, target);
}
