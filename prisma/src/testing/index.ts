export * from './events.js';
export * from './migrated-database.js';
