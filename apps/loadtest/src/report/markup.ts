const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML that needs no escaping. */
export class Markup {
  constructor(private readonly html: string) {}

  toString(): string {
    return this.html;
  }
}

/** A template of HTML: inserted values are escaped, unless they are markup. */
export function markup(parts: TemplateStringsArray, ...values: ReadonlyArray<string | Markup>): Markup {
  return new Markup(
    parts.map((part, index) => part + (index < values.length ? safe(values[index] ?? '') : '')).join(''),
  );
}

/** Treats a text of this project as HTML. */
export function raw(html: string): Markup {
  return new Markup(html);
}

export function joined(parts: ReadonlyArray<string | Markup>): Markup {
  return new Markup(parts.map(safe).join('\n'));
}

function safe(value: string | Markup): string {
  if (value instanceof Markup) return value.toString();
  return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
