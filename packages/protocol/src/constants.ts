/**
 * What of the protocol a client needs at run time. Nothing of it imports the schemas, so that their library is not shipped to
 * browsers, nor the catalogue of refusals, of which a client needs the types only.
 */
export * from './position.js';
export type * from './refusals/catalogue.js';
export * from './refusals/close-codes.js';
export * from './subprotocol.js';
