import { UNKNOWN_ROOM } from '../rooms/json.js';

/** Reasons of failures of requests that send messages. */
export const SEND_ERRORS = {
  ...UNKNOWN_ROOM,
  403: 'The role of the user does not allow this, the user is banned, or the before-publish hook refused the text.',
  429: 'The user sends more messages and changes per second than `MAX_API_MESSAGES_PER_SECOND_PER_USER`, or the API key more than its limit, by default `MAX_API_MESSAGES_PER_SECOND_PER_KEY`.',
  503: 'PostgreSQL or Redis is unavailable, messages cannot be stored fast enough, or the before-publish hook did not decide in time. With 503 it is unknown whether the request had an effect.',
} as const;

/** Reasons of failures of requests that change a message. */
export const CHANGE_ERRORS = {
  ...SEND_ERRORS,
  403: 'The message is of another user, the role of the user does not allow this, the user is banned, or the before-publish hook refused the text.',
  404: 'There is no such room or message.',
  409: 'The message was deleted, or has `MAX_REACTIONS` different reactions.',
} as const;

export const IDEMPOTENT =
  'With `Idempotency-Key` (1 to 64 letters, digits, dots, colons, dashes or underscores), a repetition within 5 minutes ' +
  'has no second effect and gets the first position. `clientMsgId` of a frame and `Idempotency-Key` are the same key.';
