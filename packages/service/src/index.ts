export * from './client-address.js';
export * from './closer.js';
export * from './common-settings.js';
export * from './config.js';
export * from './logger.js';
export * from './redis-client.js';
export * from './run.js';
export * from './start-error.js';
