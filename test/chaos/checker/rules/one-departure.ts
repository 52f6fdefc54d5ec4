import { type Absence, absencesFrom, commonAbsences, watchesOf } from '../../history/absences.js';
import type { FaultKind, History, Promises } from '../../history/history.js';
import type { View } from '../../history/index-history.js';
import { type TakenForGone, takenForGone } from '../../history/taken-for-gone.js';
import { departuresToldTo, forgottenAt, type ToldDeparture } from '../../history/told-departures.js';
import type { Rule, Violation } from '../rule.js';

/** Largest difference between the times that a client and a gateway see, in milliseconds. */
const BLUR_MS = 500;
/** After the lease and the grace period: time until a departure is noticed and announced, in milliseconds. */
const ANNOUNCE_MS = 2_500;

/** Notices are not repeated: these outages lose some. */
const LOSES_NOTICES: ReadonlySet<FaultKind> = new Set([
  'redis-restart',
  'redis-kill',
  'redis-freeze',
  'redis-snapshot',
  'redis-lost-tail',
  'redis-promotion',
  'redis-empty',
  'redis-refuses',
  'redis-clock',
  'subscriber-cut',
  'network-silence',
  'network-delay',
  'network-cut',
  'network-refusal',
  'standalone-kill',
  'standalone-stop',
]);
/** A stopping gateway keeps its users for longer, so that they can reconnect elsewhere. */
const DELAYS_NOTICES: ReadonlySet<FaultKind> = new Set(['rolling-restart', 'rollout', 'gateway-freeze']);

export const oneDeparture: Rule = {
  name: 'one-departure',
  promise: 'a departure is announced once, and not if the user returns within the grace period',
  *check({ history, rooms }) {
    for (const { roomId, views } of rooms.values()) {
      const observers = views.map((view) => ({
        ...{ view, told: departuresToldTo(view, history), watches: watchesOf(view.client, roomId) },
      }));
      for (const subject of subjectsOf(views, roomId, history)) {
        const { userId } = subject.view.client;
        const forgotten = forgottenAt(
          observers.flatMap(({ told }) => told.get(userId) ?? []),
          history.faults,
        );
        for (const { view, told, watches } of observers) {
          if (userId === view.client.userId) continue;
          const lefts = told.get(userId) ?? [];
          yield* judge(history, { observer: view, watches }, { ...subject, forgotten, lefts });
        }
      }
    }
  },
};

/** A user, whose clients count as one for others. */
interface Subject {
  /** View of one of its clients. */
  readonly view: View;
  readonly absences: readonly Absence[];
  readonly excuses: readonly TakenForGone[];
}

function subjectsOf(views: readonly View[], roomId: number, history: History): Subject[] {
  const { leaseMs, graceMs } = history.promises;
  const afterMs = leaseMs + graceMs + ANNOUNCE_MS;
  const users = new Map<number, View[]>();
  for (const view of views) {
    const { userId } = view.client;
    users.set(userId, [...(users.get(userId) ?? []), view]);
  }
  return [...users.values()].flatMap((all) => {
    const [view] = all;
    if (view === undefined) return [];
    const absences = commonAbsences(all.map(({ client }) => absencesFrom(client, roomId)));
    const excuses = all.flatMap(({ client }) => takenForGone(client, history, afterMs));
    return [{ view, absences, excuses }];
  });
}

/** The notices about one user that one observer received, and the data to judge them. */
interface Judged extends Subject {
  /** Times at which Redis lost a departure of the user. */
  readonly forgotten: readonly number[];
  readonly lefts: readonly ToldDeparture[];
}

function* judge(
  history: History,
  { observer, watches }: { observer: View; watches: ReadonlyArray<{ from: number; to: number }> },
  { view: subject, absences, excuses, forgotten, lefts }: Judged,
): Iterable<Violation> {
  const { promises } = history;
  const counts = new Map<Absence, number>();
  const unused = [...excuses];
  const unmended = [...forgotten];
  const names = `room ${subject.roomId}: ${observer.client.username} was told that ${subject.client.username} left`;
  for (const told of lefts) {
    const { at } = told;
    const absence = meantBy(told, absences, promises);
    const count = ((absence && counts.get(absence)) ?? 0) + 1;
    const wrong = whatIsWrong(at, absence, count, promises);
    // Once for each time that its gateway could not report it; a departure that may be announced needs no excuse.
    const excuse = unused.findIndex(({ from, to }) => from <= at && at <= to);
    if (wrong !== undefined && excuse >= 0) {
      unused.splice(excuse, 1);
      continue;
    }
    const loss = unmended.findIndex((lostAt) => lostAt < at);
    if (wrong !== undefined && loss >= 0 && absence !== undefined && isOn(absence, told)) {
      unmended.splice(loss, 1);
      continue;
    }
    if (absence !== undefined) counts.set(absence, count);
    if (wrong === undefined) continue;
    const facts = { observer: observer.client.username, at, absence, absences, lefts };
    yield { what: `${names}${wrong}`, facts };
  }
  for (const absence of absences) {
    if (counts.has(absence) || !hadToBeTold(history, watches, absence)) continue;
    yield {
      what: `room ${subject.roomId}: ${observer.client.username} was not told that ${subject.client.username} left`,
      facts: { observer: observer.client.username, absence, absences, lefts },
    };
  }
}

/** Returns what is wrong with the n-th notice of an absence; undefined if it is correct. */
function whatIsWrong(
  at: number,
  absence: Absence | undefined,
  count: number,
  promises: Promises,
): string | undefined {
  if (absence === undefined) return ', who had been there all the time';
  const { from, to, attempts } = absence;
  if (count > 1 + attempts) return ` ${count} times for one departure`;
  if (mayBeAnnounced(absence, promises)) return undefined;
  return `, who was back after ${Math.round((to ?? at) - from)} ms`;
}

/**
 * Returns the departure that was announced: the last one before, or, for an observer that had not been reading, an
 * earlier one whose notice may have been on its way.
 */
function meantBy(
  { at, since }: ToldDeparture,
  absences: readonly Absence[],
  promises: Promises,
): Absence | undefined {
  const before = absences.filter(({ from }) => from <= at + BLUR_MS);
  const last = before.at(-1);
  if (last === undefined) return undefined;
  const canBeMeant = (absence: Absence): boolean =>
    mayBeAnnounced(absence, promises) && announcedBy(absence, promises) >= since;
  // If an absence seems to begin after its notice, an earlier one is meant if possible: the user returned only for a
  // moment.
  if (last.from > at) return before.slice(0, -1).findLast(canBeMeant) ?? last;
  return mayBeAnnounced(last, promises) ? last : (before.findLast(canBeMeant) ?? last);
}

/** Whether a user was still absent when the departure was announced. */
function isOn({ to = Number.POSITIVE_INFINITY }: Absence, { since }: ToldDeparture): boolean {
  return since < to + BLUR_MS;
}

/** Whether a user was absent for so long, or so often, that others may be notified. */
function mayBeAnnounced({ from, to, attempts }: Absence, { graceMs }: Promises): boolean {
  return attempts > 0 || to === undefined || to - from >= graceMs - BLUR_MS;
}

/** Returns the latest time at which others have been notified of an absence. */
function announcedBy({ from }: Absence, { leaseMs, graceMs }: Promises): number {
  return from + leaseMs + graceMs + ANNOUNCE_MS;
}

function hadToBeTold(
  { promises, faults, endedAt }: History,
  watches: ReadonlyArray<{ from: number; to: number }>,
  absence: Absence,
): boolean {
  const { from, to = endedAt, plain, attempts } = absence;
  const until = announcedBy(absence, promises);
  if (!plain || attempts > 0 || to < until) return false;
  const excused = faults.some(
    ({ kind, startedAt, endedAt }) =>
      (LOSES_NOTICES.has(kind) || DELAYS_NOTICES.has(kind)) &&
      startedAt < until &&
      endedAt + ANNOUNCE_MS > from,
  );
  return !excused && watches.some((watch) => watch.from <= from - BLUR_MS && watch.to >= until);
}
