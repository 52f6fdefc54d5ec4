import { type ReadPositions, RoomNotFoundError } from '@chorus/broker';
import { type Member, type Position, Refusal } from '@chorus/protocol';
import { unavailable } from '../http/unavailable.js';
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
  list(user: Member | undefined, after: InboxPlace | undefined, limit: number): Promise<InboxPage> {
    return this.parts.inbox.page(required(user).id, { after, limit });
  }

  /** @throws {Refusal} 404 the user is not a member of the room */
  async room(user: Member | undefined, roomId: number): Promise<InboxEntry> {
    const entry = await this.parts.inbox.room(required(user).id, roomId);
    if (entry === undefined) throw new Refusal('room_not_found');
    return entry;
  }

  /**
   * Marks a room as read up to a position.
   * @param unread whether the position may move backwards
   * @throws {Refusal} 403, 404 or 503
   */
  async markRead(
    given: Member | undefined,
    roomId: number,
    position: Position,
    unread: boolean,
  ): Promise<InboxEntry> {
    const { access, reads } = this.parts;
    const user = required(given);
    await access.room(user, roomId, 'markRead');
    try {
      await reads.mark(roomId, user.id, position, unread);
    } catch (error) {
      // PostgreSQL has the room: gateways do not know it yet.
      throw error instanceof RoomNotFoundError ? unavailable(error) : error;
    }
    return this.room(user, roomId);
  }
}
