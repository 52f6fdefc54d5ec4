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
  MAX_REACTIONS: integer(1, 1_000)
    .default(20)
    .describe(
      'Different reactions of one message. The API counts all of them, a gateway those among the 200 entries behind the message and those that it has accepted itself in the last seconds.',
    ),
};

/** Returns the limits of {@link messageLimitSettings}. */
export function messageLimits(settings: {
  MAX_MESSAGE_LENGTH: number;
  MAX_DATA_BYTES: number;
  MAX_MENTIONS: number;
  MAX_REACTION_LENGTH: number;
  MAX_REACTIONS: number;
}) {
  return {
    maxMessageLength: settings.MAX_MESSAGE_LENGTH,
    maxDataBytes: settings.MAX_DATA_BYTES,
    maxMentions: settings.MAX_MENTIONS,
    maxReactionLength: settings.MAX_REACTION_LENGTH,
    maxReactions: settings.MAX_REACTIONS,
  };
}

/** Settings of every process that publishes through Redis. */
export const backlogSettings = {
  ARCHIVE_BACKLOG_BYTES: integer(1_048_576, 1_099_511_627_776)
    .default(268_435_456)
    .describe(
      'Bytes of messages in Redis that may wait for the archiver, over all rooms; beyond that sending is refused. While more than half of it is used, sending is also refused in a room that uses a quarter of it and has 128 messages waiting, and for a user who uses a quarter of it in all rooms together (counted to within an eighth). In a Redis Cluster each of the 64 partitions has an equal part, with the same shares. Set one value for all gateways and APIs.',
    ),
};
