import { type ReadPositions, RoomNotFoundError } from '@chorus/broker';
import { type Position, Refusal } from '@chorus/protocol';
import { unavailable } from '../http/unavailable.js';
import type { Caller } from '../keys/api-key.js';
import { type RoomAccess, required } from '../rooms/access.js';
import type { Inbox, InboxEntry, InboxPage } from './inbox.js';
import type { InboxPlace } from './inbox-repository.js';

export interface InboxServiceParts {
  readonly inbox: Inbox;
  readonly reads: Pick<ReadPositions, 'mark'>;
  readonly access: RoomAccess;
}

/** What users have to read, and what they have read. */
export class InboxService {
  constructor(private readonly parts: InboxServiceParts) {}

  /** Returns rooms of the user after a place in the list. */
  list(caller: Caller, after: InboxPlace | undefined, limit: number): Promise<InboxPage> {
    return this.parts.inbox.page(required(caller).id, { after, limit });
  }

  /** @throws {Refusal} 404 the user is not a member of the room */
  async room(caller: Caller, roomId: number): Promise<InboxEntry> {
    const entry = await this.parts.inbox.room(required(caller).id, roomId);
    if (entry === undefined) throw new Refusal('room_not_found');
    return entry;
  }

  /**
   * Marks a room as read up to a position.
   * @param unread whether the position may move backwards
   * @throws {Refusal} 403, 404 or 503
   */
  async markRead(caller: Caller, roomId: number, position: Position, unread: boolean): Promise<InboxEntry> {
    const { access, reads } = this.parts;
    const user = required(caller);
    await access.room(caller, roomId, 'markRead');
    try {
      await reads.mark(roomId, user.id, position, unread);
    } catch (error) {
      // PostgreSQL has the room: gateways do not know it yet.
      throw error instanceof RoomNotFoundError ? unavailable(error) : error;
    }
    return this.room(caller, roomId);
  }
}
