/** A piece of a text: as it stands, or as the address that it is. */
export type TextPart = { readonly text: string; readonly href?: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/gi;
/** At the end of an address it is mostly of the sentence around it. */
const TRAILING = /[.,:;!?…»”’*_~]+$/;

/** Splits a text at the web addresses in it. Only `http` and `https`, and only what is an address to the browser as well. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTrailing(match[0]);
    const href = hrefOf(address);
    if (href === undefined) continue;
    if (match.index > done) parts.push({ text: text.slice(done, match.index) });
    parts.push({ text: address, href });
    done = match.index + address.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

function withoutTrailing(found: string): string {
  const address = found.replace(TRAILING, '');
  // A parenthesis that was opened before the address.
  const opened = address.split('(').length;
  const closed = address.split(')').length;
  if (address.endsWith(')') && closed > opened) return withoutTrailing(address.slice(0, -1));
  return address;
}

function hrefOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, href } = new URL(address);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}
