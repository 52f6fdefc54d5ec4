/** Types of events. */
export const EVENT_TYPES = [
  'message.created',
  'message.changed',
  'message.deleted',
  'message.reported',
  'room.created',
  'room.changed',
  'room.deleted',
  'member.added',
  'member.changed',
  'member.removed',
  'user.created',
  'user.changed',
  'user.deleted',
  'presence.joined',
  'presence.left',
  'room.occupied',
  'room.vacated',
  'webhook.dead_lettered',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];
