import { ChorusError } from '../chorus-error.js';
import type { Message } from '../types.js';
import type { Room } from './room.js';

/** Iterates over the messages of a room from the call on; see {@link Room.messages}. */
export function streamMessages(room: Room, buffer: number): AsyncGenerator<Message, void> {
  /** What the iterator returns or throws next; undefined ends it. */
  const waiting: Array<Message | ChorusError | undefined> = [];
  let wake = (): void => {};
  const put = (next: Message | ChorusError | undefined): void => {
    waiting.push(next);
    wake();
  };
  const end = (last?: ChorusError): void => {
    for (const off of offs) off();
    put(last);
  };
  const offs = [
    room.on('message', (message) => {
      if (waiting.length < buffer) put(message);
      else end(new ChorusError('too_slow'));
    }),
    room.on('status', (status) => {
      if (status === 'left') end();
    }),
  ];
  if (room.status === 'left') end();
  return (async function* () {
    try {
      for (;;) {
        while (waiting.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const next = waiting.shift();
        if (next instanceof ChorusError) throw next;
        if (!next) return;
        yield next;
      }
    } finally {
      end();
    }
  })();
}
