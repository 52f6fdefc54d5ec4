/** What API keys can be allowed to do, with an explanation for the documentation. */
export const KEY_SCOPES = {
  'history:read': 'find rooms and users; read messages, members and presence',
  'messages:write': 'send, change and delete messages, react, report, mark as read',
  'rooms:write': 'create, change and delete rooms',
  'members:write': 'add, change, mute and remove members; invitations',
  'users:write': 'create, change and delete users and bots',
  'events:read': 'read the events of the application',
  'webhooks:write': 'create, change and delete webhooks, which receive the events of the application',
  'act-as': 'make requests as any user, by the header `X-Chorus-User`',
} as const;

export type KeyScope = keyof typeof KEY_SCOPES;
export const KEY_SCOPE_NAMES = Object.keys(KEY_SCOPES) as [KeyScope, ...KeyScope[]];
