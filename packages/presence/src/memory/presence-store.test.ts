import type { PresenceFrame } from '@chorus/protocol';
import { ManualClock } from '@chorus/testing';
import { describePresenceStore, SUITE_LIMIT } from '../testing/conformance/index.js';
import { MemoryPresenceStore } from './presence-store.js';

describePresenceStore('memory', async () => {
  const clock = new ManualClock();
  const announced: PresenceFrame[] = [];
  const store = new MemoryPresenceStore({
    clock,
    announceLimit: SUITE_LIMIT,
    announce: (_roomId, frame) => {
      announced.push(JSON.parse(frame));
    },
  });
  return {
    open: () => store,
    announced: async () => announced,
    pass: (ms) => clock.advance(ms),
    close: async () => {},
  };
});
