/** A part of a text: plain, or a web address. */
export interface TextPart {
  readonly text: string;
  readonly href?: string;
  /** Host of the link, when its text does not show it. */
  readonly host?: string;
}

/**
 * An address ends at white space, quotes, and the punctuation and brackets of scripts that write without spaces:
 * after those the sentence continues.
 */
const ADDRESS =
  /\bhttps?:\/\/[^\s<>"'`\u3000-\u3003\u3008-\u301f\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3b\uff3d\uff5b\uff5d\uff5e-\uff64\u2018-\u201f\u00ab\u00bb\u2026]+/gi;
const AT_START = new RegExp(`^${ADDRESS.source}`, 'i');
/** At the end of an address these characters mostly belong to the sentence. */
const TRAILING = /[.,:;!?*_~|\\]+$/;
const BRACKETS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Splits a text at its web addresses: only `http` and `https`, and only what the browser accepts as an address. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTrailing(match[0]);
    const href = hrefOf(address);
    if (href === undefined) continue;
    if (match.index > done) parts.push({ text: text.slice(done, match.index) });
    const host = hostToShow(address, href);
    parts.push(host === undefined ? { text: address, href } : { text: address, href, host });
    done = match.index + address.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

/** Returns the web address at the beginning of a text. */
export function addressAt(text: string): string | undefined {
  const [found] = AT_START.exec(text) ?? [];
  const address = found && withoutTrailing(found);
  return address !== undefined && hrefOf(address) !== undefined ? address : undefined;
}

/**
 * Returns the address of a link as the browser understands it; undefined for what is not an address, and for anything but `http`, `https`
 * and `mailto`.
 */
export function hrefOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, href } = new URL(address);
  return /^(?:https?|mailto):$/.test(protocol) ? href : undefined;
}

/** Returns the host that a link leads to, or its mail address, if its text does not show it. */
export function hostToShow(text: string, href: string): string | undefined {
  const { protocol, host, username, pathname } = new URL(href);
  if (protocol === 'mailto:') return text.includes(pathname) ? undefined : pathname;
  const shown = text.replace(/^https?:\/\//i, '').toLowerCase();
  const isPlain = username === '' && shown.startsWith(host) && !/^[^/?#]/.test(shown.slice(host.length));
  return isPlain || hasDefaultPort(shown, host) ? undefined : host;
}

/** A bracket at the end belongs to the address only if it was opened in it. */
function withoutTrailing(found: string): string {
  const address = found.replace(TRAILING, '');
  const last = address.at(-1) ?? '';
  const opening = BRACKETS[last];
  if (opening === undefined) return address;
  const balance = address.split(opening).length - address.split(last).length;
  return balance < 0 ? withoutTrailing(address.slice(0, -1)) : address;
}

/** `example.org:443`: the browser omits the port. */
function hasDefaultPort(shown: string, host: string): boolean {
  return /^:(80|443)($|[/?#])/.test(shown.slice(host.length)) && shown.startsWith(host);
}
