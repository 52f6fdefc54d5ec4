export {
  JournalReader,
  type LossyPresenceFixture,
  type PresenceFixture,
  SUITE_JOURNAL_LIMIT,
  SUITE_LIMIT,
  SUITE_ROOMS,
} from './fixture.js';
export { describeLossyPresenceStore } from './lost-data.js';
export { describePresenceStore } from './presence-store.js';
