import { reactionOperation } from './reaction-operation.js';

/** Muted users may take back what they have set. */
export const takeBackReaction = reactionOperation(
  { id: 'takeBackReaction', summary: 'Take back a reaction to a message' },
  'unreact',
  'read',
);
