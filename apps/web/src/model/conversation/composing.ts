import type { CurrentMessage } from '@chorus/client';
import { signal } from '@preact/signals';

/** What sending does: a new message, a reply, or the new text of one of the user's own messages. */
export type ComposeMode =
  | { readonly kind: 'new' }
  | { readonly kind: 'reply' | 'edit'; readonly message: CurrentMessage };

const NEW: ComposeMode = { kind: 'new' };

/** What the composer of a room is for at the moment. */
export class Composing {
  readonly mode = signal<ComposeMode>(NEW);

  reply(message: CurrentMessage): void {
    this.mode.value = { kind: 'reply', message };
  }

  edit(message: CurrentMessage): void {
    this.mode.value = { kind: 'edit', message };
  }

  /** Back to new messages. */
  end(): void {
    this.mode.value = NEW;
  }

  /** The loaded messages have changed: a deleted one cannot be edited or replied to. */
  update(messages: readonly CurrentMessage[]): void {
    const { value } = this.mode;
    if (value.kind === 'new') return;
    const { epoch, seq } = value.message;
    const now = messages.findLast((each) => each.seq === seq && each.epoch === epoch);
    if (now?.deleted !== undefined) this.end();
  }
}
