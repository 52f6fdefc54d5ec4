import { formatPosition, isAfter, type MessageFrame, type Position } from '@chorus/protocol';
import type { Rule } from '../checker/rule.js';
import type { Draft } from '../conversations/draft.js';
import type { Entry, ViewedMessage } from '../history/conversation.js';
import type { Fault, Loss } from '../history/history.js';
import { indexHistory } from '../history/index-history.js';
import { OWNER, simulateConversation } from './simulated-conversation.js';
import { simulate } from './simulated-history.js';

/** Redis may have lost everything at any time. */
export const ALL_LOST: Loss = { since: 0, at: 0, until: Number.POSITIVE_INFINITY };

/** A conversation without a violation, and changes that tests make to it. */
export class SpoilableConversation {
  draft: Draft;

  constructor(seed?: number) {
    this.draft = simulateConversation(seed);
  }

  /** Returns what violates a rule. */
  violations(rule: Rule, losses: readonly Loss[] = []): string[] {
    const faults = losses.map(
      (loss): Fault => ({
        kind: 'redis-empty',
        what: 'redis',
        startedAt: loss.at,
        endedAt: loss.until,
        loss,
      }),
    );
    const conversations = [this.draft];
    const history = { ...simulate({ clients: 3, rooms: 1, messages: 1 }), conversations, faults };
    return [...rule.check(indexHistory(history))].map(({ what }) => what);
  }

  /** The messages that a client shows at the end. */
  list(index = 1): ViewedMessage[] {
    return this.draft.lists[index]?.messages as ViewedMessage[];
  }

  /** The messages of the history at the end, as a user sees them. */
  history(index = 0): ViewedMessage[] {
    return this.draft.histories[index]?.messages as ViewedMessage[];
  }

  /** A message of the history. @throws {Error} if there is none */
  message(fits: (message: ViewedMessage) => boolean): ViewedMessage {
    const found = this.history().find(fits);
    if (found === undefined) throw new Error('the history has no such message');
    return found;
  }

  /** Changes a message in every history and list. */
  alterEverywhere(position: Position, change: Partial<ViewedMessage>): void {
    for (const { messages } of [...this.draft.histories, ...this.draft.lists]) {
      alter(messages as ViewedMessage[], position, change);
    }
  }

  /** All entries, in order. */
  entries(): Entry[] {
    return this.draft.receipts.filter(({ userId }) => userId === OWNER).map(({ entry }) => entry);
  }

  /** The last such entry. @throws {Error} if there is none */
  last(fits: (entry: Entry) => boolean): Entry {
    const found = this.entries().findLast(fits);
    if (found === undefined) throw new Error('the conversation has no such entry');
    return found;
  }

  receivedAt(entry: Entry): number {
    return this.draft.receipts.find((receipt) => receipt.entry === entry)?.at ?? Number.NaN;
  }

  /** The last removal of the mover, the first message behind it, and when the mover was added again. */
  lastRemoval(): { removal: Entry; behind: MessageFrame; addedAgainAt: number } {
    const removal = this.last((entry) => entry.type === 'change' && entry.change === 'member-removed');
    const behind = this.entries().find((entry) => entry.type === 'message' && isAfter(entry, removal));
    const addedAgainAt = this.draft.memberships.at(-1)?.startedAt ?? 0;
    return { removal, behind: behind as MessageFrame, addedAgainAt };
  }
}

/** Changes a message of a list. */
export function alter(messages: ViewedMessage[], position: Position, change: Partial<ViewedMessage>): void {
  const index = messages.findIndex((each) => formatPosition(each) === formatPosition(position));
  messages[index] = { ...(messages[index] as ViewedMessage), ...change };
}
