import { ChorusError } from '../chorus-error.js';
import type { Message } from '../types.js';
import type { Room } from './room.js';

/** Iterates over the messages of a room from the call on; see {@link Room.messages}. */
export function streamMessages(room: Room, buffer: number): AsyncGenerator<Message, void> {
  const waiting: Message[] = [];
  let tooMany = false;
  let ended = room.status === 'left';
  let wake = (): void => {};
  const end = (): void => {
    ended = true;
    for (const off of offs) off();
    wake();
  };
  const offs = [
    room.on('message', (message) => {
      tooMany = waiting.length >= buffer;
      if (tooMany) end();
      else waiting.push(message);
      wake();
    }),
    room.on('status', (status) => {
      if (status === 'left') end();
    }),
  ];
  return (async function* () {
    try {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) yield message;
        else if (tooMany) throw new ChorusError('too_slow', `${buffer} messages wait`);
        else if (ended) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      end();
    }
  })();
}
