import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditedAction } from './audit-entry.js';

/** Groups that are told apart at a time. */
const MOST_GROUPS = 1_000;
/** Further groups, which have neither room nor users. */
const MOST_REST_GROUPS = 1_000;

type Group = { -readonly [Name in keyof AuditEntry]: AuditEntry[Name] };

/**
 * Counts actions that are alike in everything but the request. Its memory is bounded: beyond {@link MOST_GROUPS} groups, actions of a
 * key count together whatever room, user or target they are about.
 */
export class ActionCounts {
  #groups = new Map<string, Group>();
  #rest = new Map<string, Group>();

  /** @returns false if there is no space to count it */
  add(action: AuditedAction, times: number): boolean {
    if (this.#count(this.#groups, MOST_GROUPS, action, times)) return true;
    const rest = {
      ...action,
      roomId: undefined,
      userId: undefined,
      actingUserId: undefined,
      target: undefined,
    };
    return this.#count(this.#rest, MOST_REST_GROUPS, rest, times);
  }

  /** Returns what was counted, and begins again. */
  take(): AuditEntry[] {
    const taken = [...this.#groups.values(), ...this.#rest.values()];
    this.#groups = new Map();
    this.#rest = new Map();
    return taken;
  }

  #count(groups: Map<string, Group>, most: number, action: AuditedAction, times: number): boolean {
    const { keyId, actingUserId, roomId, userId, target, status } = action;
    const name = `${action.action} ${status} ${keyId} ${actingUserId} ${roomId} ${userId} ${target}`;
    const group = groups.get(name);
    if (group !== undefined) group.count += times;
    else if (groups.size < most)
      groups.set(name, { ...action, id: randomUUID(), at: new Date(), count: times });
    else return false;
    return true;
  }
}
