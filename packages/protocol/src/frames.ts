/**
 * What the gateway sends, as the seed contract defines it: every frame carries `content`,
 * `roomId` and `username`; the other fields came later and older clients ignore them.
 */
interface SeedFields {
  content: string;
  roomId: number;
  username: string;
}

/** A room message. Has a place (`seq`) in its room's history. */
export interface MessageFrame extends SeedFields {
  type: 'message';
  /** Position in the room: consecutive, without holes, within one epoch of the room. */
  seq: number;
  /** Unique over all messages of the cluster. */
  id: string;
  userId: number;
  /** When the sender's gateway received it: milliseconds since 1970 by that gateway's clock. */
  sentAt: number;
}

/** Somebody entered or left. Ephemeral: no `seq`, not in the history. */
export interface PresenceFrame extends SeedFields {
  type: 'joined' | 'left';
  userId: number;
}

/** The message just sent was refused; nobody else received it. */
export interface ErrorFrame extends SeedFields {
  type: 'error';
  error: string;
  /** Whether sending the same again later can succeed. */
  retry: boolean;
}

export type ServerFrame = MessageFrame | PresenceFrame | ErrorFrame;

/** The seed contract's wording, letter for letter. */
export const JOINED_CONTENT = 'A new user has join the room';
export const LEFT_CONTENT = 'user left the chat';

export interface Member {
  id: number;
  username: string;
}

/**
 * Returns a function that serialises one member's messages in one room.
 *
 * A message is serialised once, before its `seq` is known, so what it returns is the frame's
 * JSON without its opening: {@link openFrame} of the assigned `seq` completes it. The parts that
 * never change for a socket are serialised once per socket.
 */
export function messageEncoder(
  roomId: number,
  sender: Member,
): (content: string, id: string, sentAt: number) => string {
  const constant = `,"roomId":${roomId},"username":${JSON.stringify(sender.username)},"userId":${sender.id},"id":"`;
  return (content, id, sentAt) =>
    `"type":"message","content":${JSON.stringify(content)}${constant}${id}","sentAt":${sentAt}}`;
}

/** The opening of a message frame; `publish.lua` writes the same. */
export function openFrame(seq: number | string): string {
  return `{"seq":${seq},`;
}

export function encodePresence(type: PresenceFrame['type'], roomId: number, member: Member): string {
  const frame: PresenceFrame = {
    type,
    content: type === 'joined' ? JOINED_CONTENT : LEFT_CONTENT,
    roomId,
    username: member.username,
    userId: member.id,
  };
  return JSON.stringify(frame);
}

export function encodeError(roomId: number, error: string, retry: boolean): string {
  const frame: ErrorFrame = {
    type: 'error',
    content: `not sent: ${error}`,
    roomId,
    username: '',
    error,
    retry,
  };
  return JSON.stringify(frame);
}
