/** Returns a text that names the message, edit or growing text that it was sent with, and its piece. */
export function marked(mark: number, piece = 0): string {
  return `mark-${mark}-${piece}.`;
}

/** Returns the marks in a text, in order. */
export function marksIn(text: string): Array<{ readonly mark: number; readonly piece: number }> {
  return [...text.matchAll(/mark-(\d+)-(\d+)\./g)].map(([, mark, piece]) => ({
    mark: Number(mark),
    piece: Number(piece),
  }));
}
