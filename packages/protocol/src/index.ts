export * from './client-frames.js';
export * from './close-codes.js';
export * from './errors.js';
export * from './ids.js';
export * from './position.js';
export * from './seed-frames.js';
export * from './server-frames.js';
export * from './stored-message.js';
