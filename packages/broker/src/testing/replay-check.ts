import { expect } from 'chai';
import { isAfter, type Position } from '../broker.js';
import type { Replay } from '../feeds/replay/replay.js';

/** A message that was stored at some time. */
export interface Stored extends Position {
  readonly text: string;
  /** Whether the history returned without it. */
  lost: boolean;
}

/** A client that resumes from a position. */
export interface ReturningClient {
  readonly since: Position;
  readonly seen: string[];
  state: 'asking' | 'reading' | 'live' | 'refused' | 'gone' | 'unavailable';
  replay?: Replay;
  /** Position up to which it has to read, as the replay first reported it. */
  upTo?: Position;
  /** Position of the feed when the replay was complete. */
  liveFrom?: Position;
}

/**
 * Checks that a client that was not refused has received exactly the messages after its position.
 * @param trims whether the history lost messages at its beginning before they were delivered
 */
export function checkClient(client: ReturningClient, stored: readonly Stored[], trims: boolean): void {
  const { since, seen, liveFrom, state } = client;
  const about = `since ${since.epoch}-${since.seq}, ${state}, live from ${liveFrom?.epoch}-${liveFrom?.seq}`;
  const known = seen.map((text) => {
    const message = stored.find((each) => each.text === text);
    if (message === undefined) throw new Error(`${about}: saw ${text}, which was never sent`);
    return message;
  });
  for (const [index, message] of known.entries()) {
    const later = isAfter(message, known[index - 1] ?? since);
    expect(later, `${about}: ${message.text} in order, once`).to.equal(true);
  }
  const { upTo: target } = client;
  if (state === 'live' && target !== undefined) {
    const reached = [since, ...known].some(({ epoch, seq }) => epoch === target.epoch && seq === target.seq);
    expect(reached, `${about}: came to ${target.epoch}-${target.seq}`).to.equal(true);
  }
  const last = known.at(-1);
  // A client that was cut off has received everything up to that position; live members what the feed delivered.
  const upTo = liveFrom ?? last;
  if (upTo === undefined) return;
  const has = new Set(seen);
  const missing = (from: Position, to?: Position): string[] =>
    stored
      .filter((each) => !each.lost && isAfter(each, from) && (to === undefined || !isAfter(each, to)))
      .map(({ text }) => text)
      .filter((text) => !has.has(text));
  expect(missing(since, upTo), `${about}: missing`).to.deep.equal([]);
  // The feed can have missed messages that were trimmed too early.
  if (liveFrom === undefined || trims) return;
  expect(missing(liveFrom), `${about}: missing live`).to.deep.equal([]);
}
