import { type ChorusApi, findUsers, type Member, type RoomInfo } from '@chorus/client';
import type { Names } from '../names.js';
import type { Conversation } from './conversation.js';

/** Messages whose authors are proposed. */
const MOST_RECENT = 200;

export interface MentionSourceParts {
  readonly conversation: Conversation;
  readonly api: ChorusApi;
  readonly me: Member;
  readonly names: Names;
  /** What is known of the room. */
  info(): Partial<RoomInfo> | undefined;
}

/** Users whom the user may want to mention in a room. */
export class MentionSource {
  readonly #parts: MentionSourceParts;

  constructor(parts: MentionSourceParts) {
    this.#parts = parts;
  }

  /** Whether the user may mention all members: in public rooms only moderators may. */
  get room(): boolean {
    const { kind, role } = this.#parts.info() ?? {};
    return kind !== 'public' ? kind !== undefined : role === 'owner' || role === 'moderator';
  }

  /** Users who are known here: present, or authors of recent messages. */
  known(): Member[] {
    const { conversation, me, names } = this.#parts;
    const authors = conversation.messages.value
      .slice(-MOST_RECENT)
      .map(({ userId: id, username }) => ({ id, username }));
    const users = [...conversation.members.value, ...authors].filter(({ id }) => id !== me.id);
    names.note(users);
    return users;
  }

  /** Finds users by the beginning of their names. */
  async find(start: string): Promise<readonly Member[]> {
    const { api, me } = this.#parts;
    return (await findUsers(api, start)).filter(({ id }) => id !== me.id);
  }
}
