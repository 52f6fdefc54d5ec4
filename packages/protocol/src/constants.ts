/**
 * What of the protocol a client needs at run time. Nothing of it imports the schemas, so that their library
 * is not shipped to browsers.
 */
export * from './close-codes.js';
export * from './errors.js';
export * from './position.js';
export * from './subprotocol.js';
