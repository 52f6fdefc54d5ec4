import type { ArchiveMessage, Backlog } from '@chorus/broker';
import {
  type ChangeFrame,
  isChangeBody,
  type LoggedChange,
  type MessageFrame,
  openFrame,
  type Position,
  readChange,
  readMessage,
} from '@chorus/protocol';
import type { Logger } from '@chorus/service';

/** An entry of a room's stream: a message, or a change with the ordinal of the last message before it. */
export type ArchiveEntry = MessageFrame | (LoggedChange & { readonly n: number });

/** Reads the entries of a claimed room. */
export function readEntries({ roomId, messages }: Backlog, log: Logger): ArchiveEntry[] {
  let changes = 0;
  return messages.map((stored) => {
    // A gateway of an older version does not count.
    changes = stored.changes ?? changes;
    return readEntry(roomId, stored, changes, log);
  });
}

function readEntry(roomId: number, stored: ArchiveMessage, changes: number, log: Logger): ArchiveEntry {
  const { epoch, seq, body } = stored;
  if (isChangeBody(body)) {
    const change = readChange(roomId, stored, body);
    if (change.frame === undefined) {
      log.error(
        { roomId, epoch, seq, kind: change.kind },
        'a change is not known: it is stored and not applied',
      );
    }
    return { ...change, n: seq - changes };
  }
  const opening = openFrame(stored, changes === 0 ? undefined : seq - changes);
  const { message, intact } = readMessage(roomId, stored, opening + body);
  if (!intact) {
    log.error({ roomId, epoch, seq }, 'a message cannot be stored unchanged: as much as possible is stored');
  }
  return message;
}

/** Whether storing an entry writes more than a row of `messages`. */
export function changesOthers(entry: ArchiveEntry): boolean {
  return entry.type === 'change' || entry.mentions !== undefined || entry.replyTo !== undefined;
}

/** Returns the message whose text a change adds to, replaces or removes; undefined for other changes. */
export function textChangedBy(change: ChangeFrame | undefined): Position | undefined {
  switch (change?.change) {
    case 'edited':
    case 'appended':
    case 'deleted':
      return change.target;
    default:
      return undefined;
  }
}
