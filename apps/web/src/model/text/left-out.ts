/** What messages may not use of Markdown, by the methods of the tokenizer that find it. The build leaves these methods out. */
export const LEFT_OUT = [
  ...['html', 'tag', 'def', 'table', 'heading', 'lheading', 'hr', 'del', 'reflink', 'autolink', 'br'],
  // Indented code: people indent for other reasons.
  'code',
] as const;
