import { encodeChange, type Member } from '@chorus/protocol';
import { ANN } from './gateways.js';

let changes = 0;

/** Bodies of the entries by which the API changes members and rooms. */
export const added = (room: number, member: Member): string =>
  change(room, { change: 'member-added', member });
export const removed = (room: number, member: Member): string =>
  change(room, { change: 'member-removed', member });
/** Body of any change, made by ANN. */
export function change(room: number, parts: object): string {
  const common = { id: `change-${changes++}`, sentAt: Date.now() };
  return encodeChange(room, ANN, { ...parts, ...common } as Parameters<typeof encodeChange>[2]);
}

/** Body of a message of ANN. */
export function messageOf(room: number, content: string): string {
  const id = `message-${changes++}`;
  return `"type":"message","content":${JSON.stringify(content)},"roomId":${room},"username":"ann","userId":1,"id":"${id}","sentAt":${Date.now()}}`;
}
