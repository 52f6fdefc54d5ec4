/**
 * What members of a room receive, with the fields and about the size of a gateway's frame, so that no system is
 * cheaper by sending less.
 */
export interface ChatMessage {
  readonly seq: number;
  readonly epoch: number;
  readonly type: 'message';
  readonly content: string;
  readonly roomId: number;
  readonly username: string;
  readonly userId: number;
  readonly id: string;
  readonly sentAt: number;
}

export function chatMessage(roomId: number, content: string): ChatMessage {
  return {
    seq: 1,
    epoch: 1767225600000,
    type: 'message',
    content,
    roomId,
    username: 'user1',
    userId: 1,
    id: 'gateway-1-mws3pfhy-0',
    sentAt: Date.now(),
  };
}
