/** Returns the text of a parameter, as PostgreSQL reads it. @throws {TypeError} for a value that has none */
export function wireValue(value: unknown): string | Buffer | null {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'undefined':
      return null;
    default:
      if (value === null) return null;
      if (value instanceof Date) return timeText(value);
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (Array.isArray(value)) return arrayLiteral(value);
      throw new TypeError(`a ${typeof value} cannot be a parameter of a statement`);
  }
}

/** Years beyond four digits have a sign in ISO 8601, which PostgreSQL does not read. */
function timeText(time: Date): string {
  const iso = time.toISOString();
  const year = time.getUTCFullYear();
  if (year > 0 && year <= 9_999) return iso;
  const written = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${written}${iso.slice(iso.indexOf('-', 1))}${year > 0 ? '' : ' BC'}`;
}

function arrayLiteral(elements: readonly unknown[]): string {
  return `{${elements.map(arrayElement).join()}}`;
}

function arrayElement(element: unknown): string {
  if (typeof element === 'number' || typeof element === 'bigint') return String(element);
  const text = wireValue(element);
  if (text === null) return 'NULL';
  if (typeof text !== 'string') throw new TypeError('bytes cannot be in an array parameter of a statement');
  return Array.isArray(element) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
