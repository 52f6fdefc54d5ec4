import type { CatalogueEntry } from '../catalogue-entry.js';

/** Refusals of frames. */
export const FRAMES = {
  bad_frame: { frame: true, retry: false, text: (problem: string) => `the frame is not valid: ${problem}` },
  message_not_recent: {
    frame: true,
    retry: false,
    text: 'the message is not in the recent history: change it through the API',
  },
  message_too_long: {
    status: 400,
    frame: true,
    retry: false,
    text: (characters: number) => `a message has at most ${characters} characters`,
  },
  data_too_large: {
    status: 400,
    frame: true,
    retry: false,
    text: (bytes: number) => `the data of a message has at most ${bytes} bytes of JSON`,
  },
  too_many_mentions: {
    status: 400,
    frame: true,
    retry: false,
    text: (mentions: number) => `a message has at most ${mentions} mentions`,
  },
  reaction_too_long: {
    status: 400,
    frame: true,
    retry: false,
    text: (characters: number) => `a reaction has at most ${characters} characters`,
  },
  too_many_reactions: {
    status: 409,
    frame: true,
    retry: false,
    text: (reactions: number) => `a message has at most ${reactions} different reactions`,
  },
  bad_content: {
    status: 400,
    frame: true,
    retry: false,
    text: 'the text holds a character that cannot be stored',
  },
  message_refused: {
    status: 403,
    frame: true,
    retry: false,
    text: (reason: string) => `the application refused the text${reason === '' ? '' : `: ${reason}`}`,
  },
  hook_unavailable: {
    status: 503,
    frame: true,
    retry: true,
    retryAfterSeconds: 1,
    text: 'the application could not check the text, try again',
  },
  not_joined: { frame: true, retry: false, text: 'this socket has not joined the room' },
  too_many_rooms: { frame: true, retry: false, text: 'too many rooms on this connection' },
  muted: {
    status: 403,
    frame: true,
    retry: true,
    text: (seconds: number) => `you are muted in this room for ${seconds} more seconds`,
  },
  slow_mode: {
    status: 429,
    frame: true,
    retry: true,
    text: (seconds: number) => `this room is in slow mode, wait ${seconds} seconds`,
  },
  too_many_messages: { frame: true, retry: true, text: 'too many messages, slow down' },
  backlog_full: {
    frame: true,
    retry: true,
    text: 'messages cannot be stored at the moment, try again',
  },
} as const satisfies Record<string, CatalogueEntry>;
