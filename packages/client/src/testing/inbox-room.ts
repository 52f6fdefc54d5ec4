import type { InboxRoom } from '../http/api-types.js';

/** An entry of the inbox, as the API answers it. Positions are of the epoch 5. */
export function inboxRoom(id: number, entry: Partial<InboxRoom> = {}): InboxRoom {
  const { n = 0, readN = 0 } = entry;
  return {
    room: {
      ...{
        id,
        name: `room ${id}`,
        kind: 'private',
        topic: '',
        slowModeSeconds: 0,
        retentionDays: null,
        role: 'member',
      },
      ...{ createdBy: 1, createdAt: '', updatedAt: '' },
    },
    ...{ role: 'member', lastMessage: null, mutedUntil: null, activityAt: '' },
    ...{ n, readN, unread: n - readN, mentions: 0 },
    position: n === 0 ? null : `5-${n}`,
    readPosition: readN === 0 ? null : `5-${readN}`,
    ...entry,
  };
}
