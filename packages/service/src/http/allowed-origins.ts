import { isIP } from 'node:net';

/** How an origin is allowed: `listed` with cookies, `any` without. */
export type OriginMatch = 'listed' | 'any' | undefined;

/** Rule for an entry of `ALLOWED_ORIGINS`. */
export const ORIGIN_RULE =
  'must be origins such as https://chat.example.com, https://*.example.com (any name below it) or capacitor://localhost, or null, or *';

/** RFC 6454: a scheme and an authority, without a path. */
const SHAPE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\\@*\s]*)$/i;
/** Authorities of schemes without rules for URLs: `capacitor://localhost`, `app://-`. */
const PLAIN_AUTHORITY = /^[a-z0-9._~:[\]-]+$/;
/** Replaces `*` while a URL with a wildcard is parsed; no real host name starts with it. */
const WILDCARD_LABEL = 'chorus-wildcard';

/**
 * Normalises an origin so that two can be compared: lower case, host names as browsers send them, no default port.
 * @returns undefined for text that is not the origin of a page
 */
export function normalOrigin(text: string): string | undefined {
  const [, scheme, authority] = SHAPE.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return undefined;
  const protocol = `${scheme.toLowerCase()}:`;
  if (protocol === 'ws:' || protocol === 'wss:') return undefined;
  if (protocol === 'http:' || protocol === 'https:') {
    // The URL parser would drop a bare colon, and two different texts would be one origin.
    return authority.endsWith(':') || !URL.canParse(text) ? undefined : new URL(text).origin;
  }
  const plain = authority.toLowerCase();
  // `file:` origins have no host.
  const valid = protocol === 'file:' ? plain === '' : PLAIN_AUTHORITY.test(plain);
  return valid ? `${protocol}//${plain}` : undefined;
}

/**
 * Returns why an entry of `ALLOWED_ORIGINS` is refused, to follow the entry in a sentence; undefined for a valid one.
 */
export function originProblem(entry: string): string | undefined {
  if (entry === '*' || entry === 'null') return undefined;
  if (/^wss?:/i.test(entry))
    return 'is the address of a socket: the origin of a page begins with http: or https:';
  if (!entry.includes('*')) return normalOrigin(entry) === undefined ? ORIGIN_RULE : undefined;
  return readWildcard(entry) === undefined
    ? '* must be the first label of an http or https host, before at least two more, as in https://*.example.com'
    : undefined;
}

interface Wildcard {
  /** With the port unless it is the default: `https:` and `.example.com:8443`. */
  readonly protocol: string;
  readonly suffix: string;
}

/**
 * The origins of `ALLOWED_ORIGINS`. An entry is an origin, `https://*.example.com` for every host below `example.com`
 * (one or more labels, not `example.com` itself), `null` or `*`.
 *
 * `null` and `*` match without cookies: every page can give itself the origin `null`.
 */
export class AllowedOrigins {
  readonly #exact: ReadonlySet<string>;
  readonly #wildcards: readonly Wildcard[];
  readonly #any: boolean;
  readonly #null: boolean;

  /** @param entries valid entries: see {@link originProblem} */
  constructor(entries: readonly string[]) {
    this.#any = entries.includes('*');
    this.#null = entries.includes('null');
    this.#exact = new Set(entries.flatMap((entry) => normalOrigin(entry) ?? []));
    this.#wildcards = entries.flatMap((entry) => readWildcard(entry) ?? []);
  }

  /** @param origin the `Origin` header */
  match(origin: string): OriginMatch {
    const normal = normalOrigin(origin);
    if (
      normal !== undefined &&
      (this.#exact.has(normal) || this.#wildcards.some((one) => below(one, normal)))
    ) {
      return 'listed';
    }
    return this.#any || (this.#null && origin === 'null') ? 'any' : undefined;
  }
}

function readWildcard(entry: string): Wildcard | undefined {
  const [, scheme, rest] = /^(https?:\/\/)\*(\.[^*]+)$/i.exec(entry) ?? [];
  const normal = normalOrigin(`${scheme}${WILDCARD_LABEL}${rest}`);
  if (normal === undefined || rest === undefined) return undefined;
  const { protocol, host, hostname } = new URL(normal);
  const base = hostname.slice(WILDCARD_LABEL.length + 1);
  // No single owner has all names below a top-level label, except on the local machine.
  const valid = base.replace(/\.$/, '').includes('.') || base === 'localhost';
  return valid && isIP(base) === 0 ? { protocol, suffix: host.slice(WILDCARD_LABEL.length) } : undefined;
}

function below({ protocol, suffix }: Wildcard, origin: string): boolean {
  const opening = `${protocol}//`;
  return (
    origin.startsWith(opening) && origin.endsWith(suffix) && origin.length > opening.length + suffix.length
  );
}
