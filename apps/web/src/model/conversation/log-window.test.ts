import { expect } from 'chai';
import { ADA, BEN, message } from '../../testing/messages.js';
import { type LogWindow, shownRows } from './log-window.js';
import { type Row, Timeline } from './timeline.js';

const rowsOf = (from: number, to: number): Row[] => {
  const messages = Array.from({ length: to - from + 1 }, (_, index) =>
    message(from + index, BEN, { minutes: 0 }),
  );
  return new Timeline().rows({ messages, outgoing: new Map(), me: ADA });
};
const span = (rows: readonly Row[]): [first: string | undefined, last: string | undefined] => {
  const keys = rows.filter(({ kind }) => kind === 'message').map(({ key }) => key);
  return [keys[0], keys.at(-1)];
};

describe('the shown part of a log', () => {
  it('is all of a short log', () => {
    expect(span(shownRows(rowsOf(1, 100), { from: undefined }, true))).to.deep.equal(['1-1', '1-100']);
  });

  it('is the end of a long log, however long the room is in view', () => {
    const window: LogWindow = { from: undefined };
    expect(shownRows(rowsOf(1, 1_000), window, true).length).to.equal(150);
    const later = shownRows(rowsOf(1, 3_000), window, true);
    expect(later.length).to.equal(150);
    expect(span(later)[1]).to.equal('1-3000');
  });

  it('keeps its beginning while the reader is further up, whatever arrives', () => {
    const window: LogWindow = { from: undefined };
    const [first] = span(shownRows(rowsOf(1, 1_000), window, true));
    expect(span(shownRows(rowsOf(1, 1_100), window, false))).to.deep.equal([first, '1-1100']);
  });

  it('grows at its beginning on request, up to the first line', () => {
    const window: LogWindow = { from: undefined };
    const rows = rowsOf(1, 400);
    const shown = shownRows(rows, window, true);
    window.more = shown.length;
    const more = shownRows(rows, window, false);
    expect(more.length).to.equal(300);
    expect(shownRows(rows, window, false).length).to.equal(300);
    window.more = more.length;
    expect(span(shownRows(rows, window, false))).to.deep.equal(['1-1', '1-400']);
  });
});
