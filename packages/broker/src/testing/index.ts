export * from './conformance/index.js';
export { IGNORE } from './feeds.js';
export { type RecordedMessage, Recorder, someRoom } from './recorder.js';
