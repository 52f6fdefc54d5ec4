export type { Checking, RoomChecker, RoomReport } from './check/room-checker.js';
export { createCostMeter } from './costs/cost-meter.js';
export { type CostSource, processSource } from './costs/process-costs.js';
export type { Conversation, ConversationEvents, Dialect, Handshake, Identity } from './dialect.js';
export type { CostMeter, LoadParts, Phase } from './load-parts.js';
export { messageNumber, messageText } from './message-text.js';
export type { Latency, LoadResult, Moment, NodeResult, ProcessCost, Verdict } from './result.js';
export { LoadError, runLoad } from './run-load.js';
export { type Scenario, scenarioSchema } from './scenario.js';
