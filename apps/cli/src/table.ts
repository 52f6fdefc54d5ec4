import Table from 'cli-table3';

/** Returns rows as a table without lines, to be read by people. */
export function table(head: string[], rows: string[][]): string {
  const lines = new Table({
    head,
    style: { head: [], 'padding-left': 0, 'padding-right': 2 },
    chars: NO_LINES,
  });
  lines.push(...rows);
  // A long last column must not wrap every line.
  return lines.toString().replaceAll(/ +$/gm, '');
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);

/** Returns fields as a table of two columns. */
export function details(fields: Readonly<Record<string, string | undefined>>): string {
  return table(
    [],
    Object.entries(fields).map(([name, value]) => [name, value ?? '']),
  );
}
