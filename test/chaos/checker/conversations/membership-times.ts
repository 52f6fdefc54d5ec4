import { isAfter, type Position } from '@chorus/protocol';
import type { MembershipChange } from '../../history/conversation.js';
import type { ConversationIndex } from './conversation-index.js';

/** A removal or addition by its entry. */
interface Step {
  readonly position: Position;
  readonly firstAt: number;
  readonly type: MembershipChange['type'];
}

/** When users were members of a room, as far as a user of the API can know. */
export class MembershipTimes {
  readonly #changes = new Map<number, MembershipChange[]>();
  readonly #steps = new Map<number, Step[]>();

  constructor({ conversation, entries }: ConversationIndex) {
    for (const change of conversation.memberships) add(this.#changes, change.userId, change);
    for (const { entry, firstAt } of entries) {
      if (entry.type !== 'change') continue;
      if (entry.change !== 'member-added' && entry.change !== 'member-removed') continue;
      const type = entry.change === 'member-added' ? 'add' : 'remove';
      add(this.#steps, entry.member.id, { position: entry, firstAt, type });
    }
  }

  /** Returns the removal behind which an entry is for a user, unless the user had been added again when it arrived. */
  removalBefore(userId: number, position: Position, at: number): Step | undefined {
    let removal: Step | undefined;
    for (const step of this.#steps.get(userId) ?? []) {
      // The removal itself may arrive; an addition lets its own entry in.
      if (step.type === 'remove' ? !isAfter(position, step.position) : isAfter(step.position, position))
        break;
      removal = step.type === 'remove' ? step : undefined;
    }
    if (removal === undefined) return undefined;
    const changes = this.#changes.get(userId) ?? [];
    const { firstAt } = removal;
    const made = changes.findLastIndex(({ type, startedAt }) => type === 'remove' && startedAt <= firstAt);
    return changes.slice(made + 1).some(({ type, startedAt }) => type === 'add' && startedAt <= at)
      ? undefined
      : removal;
  }

  /** Returns the removal that was done before a time, unless the user may have been added again by another. */
  removedBefore(userId: number, time: number, addedBy: number): MembershipChange | undefined {
    const changes = this.#changes.get(userId) ?? [];
    const removed = changes.findLastIndex(
      (change) => change.type === 'remove' && this.#doneAt(change) < time,
    );
    const rest = changes.slice(removed + 1);
    if (removed < 0 || rest.some(({ type, startedAt }) => type === 'add' && startedAt <= addedBy))
      return undefined;
    return changes[removed];
  }

  /** Whether a user may have been a member at some time until then. */
  mayHaveBeenMember(userId: number, until: number): boolean {
    return (this.#changes.get(userId) ?? []).some(
      ({ type, startedAt }) => type === 'add' && startedAt <= until,
    );
  }

  /** The entry arrives after gateways know the change, also if the API died before it answered. */
  #doneAt({ userId, startedAt, doneAt }: MembershipChange): number {
    const next = (this.#changes.get(userId) ?? []).find((change) => change.startedAt > startedAt);
    const seen = (this.#steps.get(userId) ?? []).find(
      ({ type, firstAt }) =>
        type === 'remove' && firstAt >= startedAt && firstAt <= (next?.startedAt ?? Number.POSITIVE_INFINITY),
    );
    return Math.min(doneAt ?? Number.POSITIVE_INFINITY, seen?.firstAt ?? Number.POSITIVE_INFINITY);
  }
}

function add<T>(map: Map<number, T[]>, key: number, item: T): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}
