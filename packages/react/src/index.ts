export type { ChorusState } from './hooks/chorus-store.js';
export type { InboxState } from './hooks/inbox-store.js';
export type { MessagesState } from './hooks/messages-store.js';
export type { RoomState } from './hooks/room-store.js';
export * from './hooks.js';
export { ChorusProvider, type ChorusProviderProps } from './provider.js';
