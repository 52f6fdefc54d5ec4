export * from './conformance/broker.js';
export { IGNORE } from './feeds.js';
export { type RecordedMessage, Recorder, someRoom } from './recorder.js';
