import { reactionOperation } from './reaction-operation.js';

export const setReaction = reactionOperation(
  { id: 'setReaction', summary: 'Set a reaction to a message' },
  'react',
  'react',
);
