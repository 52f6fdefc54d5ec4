import type { Row } from './timeline.js';

/** Lines shown at the end of the log; scrolling up shows more. */
const SHOWN = 150;
const STEP = 150;

/** The shown lines: those from one line on. {@link shownRows} keeps and changes it. */
export interface LogWindow {
  /** Key of the first line; undefined for the default number of lines. */
  from: string | undefined;
  /** Number of lines shown when more were requested. */
  more?: number;
}

/**
 * Returns the lines of a long log to show. At its end the oldest go as new ones come; further up lines are only added
 * on request, so that nothing moves.
 */
export function shownRows(rows: readonly Row[], window: LogWindow, atEnd: boolean): readonly Row[] {
  let start: number;
  if (window.more !== undefined) {
    start = rows.length - window.more - STEP;
    delete window.more;
  } else {
    const known = window.from === undefined || atEnd ? -1 : rows.findIndex(({ key }) => key === window.from);
    // At the very beginning, fetched lines are shown too.
    start = known >= 0 ? known : rows.length - SHOWN;
  }
  start = Math.max(0, start);
  // Lines of days are rebuilt when older messages arrive; lines of messages stay.
  const first = rows.slice(start).find(({ kind }) => kind === 'message');
  window.from = first?.key;
  return start === 0 ? rows : rows.slice(start);
}
