import type { V1ServerFrame } from '@chorus/protocol/types';

type Frame<Type extends string> = Extract<V1ServerFrame, { type: Type }>;

export type ErrorFrame = Frame<'error'>;

/** What a gateway sends about one room. */
export type RoomFrame = Exclude<
  V1ServerFrame,
  Frame<'welcome' | 'refreshed' | 'reconnect' | 'broadcast' | 'rooms-changed' | 'pong' | `inbox${string}`>
>;
