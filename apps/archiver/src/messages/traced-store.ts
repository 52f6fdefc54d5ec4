import type { Traces } from '@chorus/service';
import type { MessageStore } from './message-store.js';

/** Returns a store that records a span for each batch that it stores. */
export function tracedStore(
  store: Pick<MessageStore, 'save' | 'deletedText'>,
  traces: Pick<Traces, 'record'>,
): Pick<MessageStore, 'save' | 'deletedText'> {
  return {
    deletedText: (roomId, messages) => store.deletedText(roomId, messages),
    async save(messages, readAt) {
      const startedAt = performance.now();
      let failure: string | undefined;
      try {
        return await store.save(messages, readAt);
      } catch (error) {
        failure = error instanceof Error ? error.name : 'Error';
        throw error;
      } finally {
        // Most cycles of a quiet archiver find no message.
        if (messages.length > 0) {
          traces.record({
            name: 'store',
            kind: 'internal',
            startedAt,
            endedAt: performance.now(),
            attributes: { 'chorus.messages': messages.length },
            error: failure,
          });
        }
      }
    },
  };
}
