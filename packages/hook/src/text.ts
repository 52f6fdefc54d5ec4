import type { Member, Mention, MessageData, Position } from '@chorus/protocol';

/** What a message gets: its text and data when it is sent or edited, or text at its end. */
export interface MessageText {
  readonly content: string;
  readonly data?: MessageData | undefined;
}

/** A text that a user wants to publish. */
export interface Draft extends MessageText {
  readonly type: 'send' | 'edit' | 'append';
  /** Id of the message, or of its change. */
  readonly id: string;
  readonly roomId: number;
  readonly user: Member;
  readonly mentions?: readonly Mention[] | undefined;
  /** Position of the message that a new one replies to. */
  readonly replyTo?: Position | undefined;
  /** Position of the message that is edited or appended to. */
  readonly target?: Position | undefined;
}

/** Body of the request that asks about a draft. */
export function requestBody(draft: Draft, at: Date): string {
  const { type, roomId, user, content, data, mentions, replyTo, target } = draft;
  const about = { roomId, userId: user.id, username: user.username };
  const positions = { replyTo: replyTo && place(replyTo), target: target && place(target) };
  return JSON.stringify({
    type: `message.${type}`,
    timestamp: at.toISOString(),
    data: { ...about, content, data, mentions, ...positions },
  });
}

function place({ epoch, seq }: Position): Position {
  return { epoch, seq };
}
