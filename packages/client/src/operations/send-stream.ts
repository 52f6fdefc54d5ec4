import { ChorusError } from '../chorus-error.js';
import type { Room, SendOptions } from '../room/room.js';
import type { SentMessage } from '../types.js';
import { append } from './operations.js';

/** Longest text of one frame, in UTF-16 code units. */
const MOST_AT_ONCE = 4_000;

/**
 * Sends a text that is being written, for example by a language model, as one growing message: the first piece as a message, the following ones
 * as appended text. Pieces that arrive while one is on its way are sent together.
 * @returns resolves with the message when all text is acknowledged
 * @throws {ChorusError} (rejects) `bad_request` if there is no text; the error of a piece that failed for good, or of `pieces`. The message then
 * ends with the last piece that was sent
 */
export async function sendStream(
  room: Room,
  pieces: AsyncIterable<string> | Iterable<string>,
  options?: SendOptions,
): Promise<SentMessage> {
  let text = '';
  let message: SentMessage | undefined;
  let failed = false;
  const send = async (): Promise<void> => {
    for (let part = beginning(text); part; part = beginning(text)) {
      text = text.slice(part.length);
      if (message) await append(room, message.position, part);
      else message = await room.send(part, options);
    }
  };
  let sending = Promise.resolve();
  try {
    for await (const piece of pieces) {
      if (failed) break;
      text += piece;
      sending = sending.then(send);
      sending.catch(() => {
        failed = true;
      });
    }
  } finally {
    // If `pieces` has failed, its error counts.
    await sending.catch(() => {});
  }
  await sending;
  if (!message) throw new ChorusError('bad_request', 'no text');
  return message;
}

/** Returns the text that can be sent now. Never ends between the halves of a surrogate pair. */
function beginning(text: string): string {
  const part = text.slice(0, MOST_AT_ONCE);
  return /[\ud800-\udbff]$/.test(part) ? part.slice(0, -1) : part;
}
