/**
 * The part of the protocol that a client needs at run time. Imports neither the schemas, so that their library is not
 * shipped to browsers, nor the catalogue of refusals, of which a client needs only the types.
 */
export type * from './access/table.js';
export * from './position.js';
export type * from './refusals/catalogue.js';
export * from './refusals/close-codes.js';
export * from './subprotocol.js';
