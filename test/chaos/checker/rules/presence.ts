import type { Rule } from '../rule.js';

export const presence: Rule = {
  name: 'presence',
  promise: 'at the end exactly the users in a room are listed as its members',
  *check(index) {
    const names = new Map(index.history.clients.map(({ userId, username }) => [userId, username]));
    for (const { roomId, end, views } of index.rooms.values()) {
      if (end === undefined) continue;
      const there = new Set(views.filter(({ isIn }) => isIn).map(({ client }) => client.userId));
      const said = new Set(end.present);
      for (const userId of said) {
        if (there.has(userId)) continue;
        yield {
          what: `room ${roomId}: ${names.get(userId) ?? userId} is a ghost`,
          facts: { roomId, userId, said: [...said], there: [...there] },
        };
      }
      for (const userId of there) {
        if (said.has(userId)) continue;
        yield {
          what: `room ${roomId}: ${names.get(userId)} is there and not listed`,
          facts: { roomId, userId, said: [...said], there: [...there] },
        };
      }
    }
  },
};
