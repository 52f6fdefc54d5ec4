import type { Member, RoomInfo } from '@chorus/client';
import type { Names } from '../names.js';
import { permissionsIn } from '../rooms/permissions.js';
import type { RoomActions } from '../rooms/room-actions.js';
import type { RoomMembers } from '../rooms/room-members.js';
import type { Conversation } from './conversation.js';

/** Messages whose authors are proposed. */
const MOST_RECENT = 200;

export interface MentionSourceParts {
  readonly conversation: Conversation;
  readonly me: Member;
  readonly names: Names;
  readonly actions: Pick<RoomActions, 'findUsers'>;
  readonly members: RoomMembers;
  /** What is known of the room. */
  info(): Partial<RoomInfo> | undefined;
}

/** Users whom the user may want to mention in a room. */
export class MentionSource {
  readonly #parts: MentionSourceParts;

  constructor(parts: MentionSourceParts) {
    this.#parts = parts;
  }

  /** Whether the user may mention all members. */
  get room(): boolean {
    return permissionsIn(this.#parts.info()).mentionRoom;
  }

  /** Users who are known here: present, members as far as they were read, or authors of recent messages. */
  known(): Member[] {
    const { conversation, members, me, names } = this.#parts;
    const authors = conversation.messages.value
      .slice(-MOST_RECENT)
      .map(({ userId: id, username, bot }) => ({ id, username, bot }));
    const users = [...conversation.members.value, ...members.members.value, ...authors].filter(
      ({ id }) => id !== me.id,
    );
    names.note(users);
    return users;
  }

  /** Finds users by the beginning of their names: all, or those who can read the room. */
  async find(start: string): Promise<readonly Member[]> {
    const { actions, members, me } = this.#parts;
    if (this.#parts.info()?.kind === 'public') return actions.findUsers(start);
    await members.begin();
    return members.members.value.filter(
      ({ id, username }) => id !== me.id && username.toLowerCase().startsWith(start),
    );
  }
}
