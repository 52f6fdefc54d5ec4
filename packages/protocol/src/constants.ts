/**
 * The parts of the protocol that a client needs at run time. This module must not import schemas, so that browsers do
 * not have to load the schema library.
 */
export * from './close-codes.js';
export * from './errors.js';
export * from './position.js';
export * from './subprotocol.js';
