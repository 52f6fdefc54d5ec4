export * from './api-keys.js';
export * from './guard.js';
export * from './request-token.js';
export * from './settings.js';
export * from './token-cache.js';
export * from './tokens.js';
