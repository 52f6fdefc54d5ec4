/** A webhook as `GET /webhooks` returns it. */
export interface Webhook {
  id: number;
  url: string;
  events: string[];
  rooms: number[];
  enabled: boolean;
  after: string;
  createdAt: string;
  failing: {
    since: string | null;
    attempts: number;
    nextAttemptAt: string | null;
    lastStatus: number | null;
    lastError: string | null;
  } | null;
}

/** Types of events. A test compares them with those of the API. */
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
];
