export * from './client-frames.js';
export * from './constants.js';
export * from './ids.js';
export * from './plain-frames.js';
export * from './position-schema.js';
export * from './server-frames.js';
export * from './stored-message.js';
