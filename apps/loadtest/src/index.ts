export type { Conversation, ConversationEvents, Dialect, Handshake, Identity } from './dialect.js';
export { messageNumber, messageText } from './message-text.js';
export type { LoadResult, Verdict } from './result.js';
export { type Scenario, scenarioSchema } from './scenario.js';
