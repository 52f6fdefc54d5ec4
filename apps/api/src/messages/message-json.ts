import {
  type CurrentMessage,
  type Member,
  MOST_REACTION_USERS,
  memberSchema,
  messageFrame,
  showMessage,
} from '@chorus/protocol';
import { z } from 'zod';
import { named } from '../http/schemas.js';
import type { HistoryMessage } from './history/message.js';

const reaction = named(
  'Reaction',
  z.object({
    reaction: z.string(),
    count: z.int().positive().describe('Number of users who have set it.'),
    me: z.boolean().describe('Whether the user who asks has set it.'),
    users: z
      .array(z.int().positive())
      .describe(`Ids of the users who have set it, ascending: the first ${MOST_REACTION_USERS}.`),
  }),
);

/** A message as it is now. Fields that say nothing are left out: the message is then the frame that sockets received. */
export const messageJson = named(
  'Message',
  messageFrame.extend({
    reactions: z
      .array(reaction)
      .optional()
      .describe('In ascending order of `reaction`; absent without reactions.'),
    replies: z
      .int()
      .positive()
      .optional()
      .describe('Number of messages that reply to this one, deleted ones included; absent for none.'),
    deleted: z
      .object({ by: memberSchema, at: z.int() })
      .optional()
      .describe(
        'Who deleted the message, and when, in milliseconds since 1970: `content` is empty then. Absent otherwise.',
      ),
  }),
);

/** @param user who asks; undefined if unknown */
export function messageForUser(
  message: CurrentMessage,
  user: Member | undefined,
): z.input<typeof messageJson> {
  return showMessage(message, user?.id);
}

/** Returns the JSON of a message for a user. */
export function messageText(message: HistoryMessage, user: Member | undefined): string {
  return message.json() ?? JSON.stringify(messageForUser(message.current(), user));
}
