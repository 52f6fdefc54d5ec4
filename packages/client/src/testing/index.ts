export { inboxRoom } from './inbox-room.js';
export { type ScriptedConnection, ScriptedGateway } from './scripted-gateway.js';
export { EPOCH, joined, message, Stage } from './stage.js';
