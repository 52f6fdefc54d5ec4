import { ChorusError } from '@chorus/client';
import { signal } from '@preact/signals';
import type { RoomActions } from './room-actions.js';

/** Accepts the invitation of the address that was opened. */
export class Invitation {
  /** Why the last one was not accepted. */
  readonly problem = signal<
    { readonly text: string; readonly code: string; readonly retry: boolean } | undefined
  >(undefined);
  readonly #actions: Pick<RoomActions, 'accept'>;
  #accepting: string | undefined;

  constructor(actions: Pick<RoomActions, 'accept'>) {
    this.#actions = actions;
  }

  /** @returns id of the room; undefined if it fails, see {@link problem}, or the same is being accepted already */
  async accept(code: string): Promise<number | undefined> {
    if (this.#accepting === code) return undefined;
    this.#accepting = code;
    this.problem.value = undefined;
    try {
      return await this.#actions.accept(code);
    } catch (error) {
      const known = error instanceof ChorusError ? error : undefined;
      this.problem.value = { text: textOf(known), code, retry: known?.retry ?? false };
      return undefined;
    } finally {
      this.#accepting = undefined;
    }
  }
}

function textOf(error: ChorusError | undefined): string {
  switch (error?.code) {
    case 'invite_not_found':
      return 'This invitation has ended, or never existed.';
    case 'banned':
      return 'You may not be in this room.';
    case 'too_many_members':
      return 'This room is full.';
    default:
      return 'The invitation could not be accepted.';
  }
}
