import { integer } from './config.js';

/** Settings of every process that accepts messages and their changes. */
export const messageLimitSettings = {
  MAX_MESSAGE_LENGTH: integer(1, 1_048_576)
    .default(65_536)
    .describe(
      'Characters (UTF-16 code units) that a message may have after an edit or an append, or if it is sent through the API. A gateway counts what it has appended itself, the API the whole message. A message that is sent over a socket is limited by `MAX_FRAME_BYTES` only.',
    ),
  MAX_DATA_BYTES: integer(0, 4_096).default(4_096).describe('Bytes of the JSON of `data` of a message.'),
  MAX_MENTIONS: integer(0, 20).default(20).describe('Mentions of one message.'),
  MAX_REACTION_LENGTH: integer(1, 32).default(32).describe('Characters (UTF-16 code units) of a reaction.'),
};

/** Returns the limits of {@link messageLimitSettings}. */
export function messageLimits(settings: {
  MAX_MESSAGE_LENGTH: number;
  MAX_DATA_BYTES: number;
  MAX_MENTIONS: number;
  MAX_REACTION_LENGTH: number;
}) {
  return {
    maxMessageLength: settings.MAX_MESSAGE_LENGTH,
    maxDataBytes: settings.MAX_DATA_BYTES,
    maxMentions: settings.MAX_MENTIONS,
    maxReactionLength: settings.MAX_REACTION_LENGTH,
  };
}
