import {
  ChorusError,
  type CurrentMessage,
  deleteMessage,
  edit,
  type Member,
  type Mention,
  type Room,
  react,
  unreact,
} from '@chorus/client';
import { signal } from '@preact/signals';

/** The reactions that the page offers, with the names that are read out. */
export const REACTIONS = [
  ['👍', 'thumbs up'],
  ['❤️', 'heart'],
  ['😂', 'laughing'],
  ['🎉', 'celebration'],
  ['😮', 'surprised'],
  ['😢', 'sad'],
] as const;

/** Changes of messages of one room. A failure is shown, and throws nothing. */
export class MessageActions {
  /** Why the last change failed. */
  readonly problem = signal<string | undefined>(undefined);
  readonly #room: Room;
  readonly #me: Member;

  constructor(room: Room, me: Member) {
    this.#room = room;
    this.#me = me;
  }

  edit(message: CurrentMessage, content: string, mentions: readonly Mention[]): void {
    if (content === message.content) return;
    this.try('The message was not edited', edit(this.#room, message, content, { mentions }));
  }

  delete(message: CurrentMessage): void {
    this.try('The message was not deleted', deleteMessage(this.#room, message));
  }

  /** Sets a reaction, or takes it back if the user has set it. */
  toggleReaction(message: CurrentMessage, reaction: string): void {
    const users = message.reactions.find((each) => each.reaction === reaction)?.users ?? [];
    const change = users.includes(this.#me.id) ? unreact : react;
    this.try('The message was not changed', change(this.#room, message, reaction));
  }

  /** Shows why something has failed. @param what that was not done */
  try(what: string, change: Promise<void>): void {
    this.problem.value = undefined;
    change.catch((error: unknown) => {
      const why = error instanceof ChorusError ? error.message : 'something went wrong';
      if (error instanceof ChorusError && /^(left|closed)$/.test(error.code)) return;
      this.problem.value = `${what}: ${why}.`;
    });
  }
}
