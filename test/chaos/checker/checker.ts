import type { History } from '../history/history.js';
import { indexHistory } from '../history/index-history.js';
import type { Rule, Violation } from './rule.js';
import { ackedKept } from './rules/acked-kept.js';
import { answered } from './rules/answered.js';
import { application } from './rules/application.js';
import { archive } from './rules/archive.js';
import { cameBack } from './rules/came-back.js';
import { consistent } from './rules/consistent.js';
import { appendedOnce } from './rules/conversations/appended-once.js';
import { behindRemoval } from './rules/conversations/behind-removal.js';
import { deletedNowhere } from './rules/conversations/deleted-nowhere.js';
import { folded } from './rules/conversations/folded.js';
import { membersOnly } from './rules/conversations/members-only.js';
import { unread } from './rules/conversations/unread.js';
import { delivered } from './rules/delivered.js';
import { eventsCommitted } from './rules/events/events-committed.js';
import { eventsDelivered } from './rules/events/events-delivered.js';
import { eventsExact } from './rules/events/events-exact.js';
import { eventsInOrder } from './rules/events/events-in-order.js';
import { eventsPulled } from './rules/events/events-pulled.js';
import { presenceEvents } from './rules/events/presence-events.js';
import { idempotent } from './rules/idempotent.js';
import { nothingInvented } from './rules/nothing-invented.js';
import { once } from './rules/once.js';
import { oneDeparture } from './rules/one-departure.js';
import { oneOrder } from './rules/one-order.js';
import { presence } from './rules/presence.js';
import { recovered } from './rules/recovered.js';
import { recreated } from './rules/recreated.js';
import { stored } from './rules/stored.js';
import { told } from './rules/told.js';
import { trueAcks } from './rules/true-acks.js';

/** All rules for histories, whatever was broken meanwhile. */
export const RULES: readonly Rule[] = [
  delivered,
  consistent,
  once,
  oneOrder,
  nothingInvented,
  trueAcks,
  idempotent,
  archive,
  stored,
  ackedKept,
  told,
  answered,
  cameBack,
  recovered,
  presence,
  oneDeparture,
  application,
  recreated,
  behindRemoval,
  membersOnly,
  folded,
  appendedOnce,
  deletedNowhere,
  unread,
  eventsExact,
  eventsPulled,
  eventsDelivered,
  eventsInOrder,
  eventsCommitted,
  presenceEvents,
];

export interface Verdict {
  readonly rule: string;
  readonly promise: string;
  readonly violations: number;
  /** The first few violations. */
  readonly examples: readonly Violation[];
}

const EXAMPLES = 5;

/** Checks a history against every rule, in the order of {@link RULES}. */
export function check(history: History): Verdict[] {
  const index = indexHistory(history);
  return RULES.map((rule) => {
    const examples: Violation[] = [];
    let violations = 0;
    for (const violation of rule.check(index)) {
      if (violations++ < EXAMPLES) examples.push(violation);
    }
    return { rule: rule.name, promise: rule.promise, violations, examples };
  });
}
