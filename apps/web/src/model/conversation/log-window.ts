import type { Row } from './timeline.js';

/** Lines that are shown at the end of the log; more as one scrolls up. */
const SHOWN = 150;
const STEP = 150;

/** Which lines are shown: those from one on. It is kept and changed by {@link shownRows}. */
export interface LogWindow {
  /** Key of the first line; undefined for as many as fit. */
  from: string | undefined;
  /** So many were shown, and more are wanted. */
  more?: number;
}

/**
 * The lines to show of a long log. At its end the oldest go as new ones come; further up only what is asked for is added,
 * so that nothing moves.
 */
export function shownRows(rows: readonly Row[], window: LogWindow, atEnd: boolean): readonly Row[] {
  let start: number;
  if (window.more !== undefined) {
    start = rows.length - window.more - STEP;
    delete window.more;
  } else {
    const known = window.from === undefined || atEnd ? -1 : rows.findIndex(({ key }) => key === window.from);
    // At the very beginning what is fetched is shown, too.
    start = known >= 0 ? known : rows.length - SHOWN;
  }
  start = Math.max(0, start);
  // Lines of days are made anew as older messages come; those of messages stay.
  const first = rows.slice(start).find(({ kind }) => kind === 'message');
  window.from = first?.key;
  return start === 0 ? rows : rows.slice(start);
}
