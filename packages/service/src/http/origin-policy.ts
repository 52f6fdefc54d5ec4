import type { Logger } from '../telemetry/logger.js';
import { AllowedOrigins, normalOrigin } from './allowed-origins.js';

/**
 * What a request says about the page that it comes from. `none`: it has no `Origin`, so it comes from no page of
 * another origin. `same`: the page has the origin of the request itself. `listed`: `ALLOWED_ORIGINS` has it. `any`:
 * only `*` or `null` covers it, so its cookies do not count. `refused`: none of these.
 */
export type OriginVerdict = 'none' | 'same' | 'listed' | 'any' | 'refused';

export interface OriginPolicyOptions {
  /** Entries of `ALLOWED_ORIGINS`. */
  readonly allowedOrigins: readonly string[];
  /** 0: `X-Forwarded-Proto` and `X-Forwarded-Host` are not believed. */
  readonly trustedProxies: number;
  readonly log: Logger;
}

/** Reads a request header by its lower-case name; undefined or empty when it is missing. */
export type ReadHeader = (name: string) => string | undefined;

/** Origins that are remembered as logged. A client can send any number of different ones. */
const MOST_LOGGED = 100;
/** After this time, in milliseconds, a full memory is emptied, so that new origins are logged again. */
const FORGET_MS = 3_600_000;
/** Characters of an origin that go to the log. */
const LONGEST_LOGGED = 200;

/** Decides which pages may call. The API and the gateways share it. */
export class OriginPolicy {
  readonly #allowed: AllowedOrigins;
  readonly #trustedProxies: number;
  readonly #log: Logger;
  readonly #logged = new Set<string>();
  #fullSince = 0;

  constructor(options: OriginPolicyOptions) {
    this.#allowed = new AllowedOrigins(options.allowedOrigins);
    this.#trustedProxies = options.trustedProxies;
    this.#log = options.log;
  }

  /** Judges one request. The first refusal of an origin is logged with the setting that allows it. */
  judge(header: ReadHeader): OriginVerdict {
    const origin = header('origin');
    if (origin === undefined || origin === '') return 'none';
    const target = this.#target(header);
    if (isSame(origin, target)) return 'same';
    const match = this.#allowed.match(origin);
    if (match === undefined) this.#logRefusal(origin, target);
    return match ?? 'refused';
  }

  /** To be called when the cookie of a request from an `any` origin was left out of account. Logs it once an origin. */
  cookieIgnored(origin: string): void {
    const shown = origin.slice(0, LONGEST_LOGGED);
    if (this.#isNews(`cookie ${shown}`)) {
      this.#log.warn(
        { origin: shown, setting: 'ALLOWED_ORIGINS' },
        'the cookie of a page was ignored: its origin is covered by * or null only, list it in ALLOWED_ORIGINS to accept its cookie',
      );
    }
  }

  #logRefusal(origin: string, target: Target): void {
    const shown = origin.slice(0, LONGEST_LOGGED);
    if (!this.#isNews(shown)) return;
    const proxyHint =
      this.#trustedProxies === 0 && isSame(origin, { ...target, scheme: undefined })
        ? '; if a proxy with TLS is in front, set TRUST_PROXY and have it send X-Forwarded-Proto instead'
        : '';
    this.#log.warn(
      { origin: shown, setting: 'ALLOWED_ORIGINS' },
      `a page of this origin was refused: add the origin to ALLOWED_ORIGINS to allow it${proxyHint}`,
    );
  }

  #isNews(line: string): boolean {
    if (this.#logged.has(line)) return false;
    if (this.#logged.size >= MOST_LOGGED) {
      if (performance.now() - this.#fullSince < FORGET_MS) return false;
      this.#logged.clear();
    }
    this.#logged.add(line);
    if (this.#logged.size === MOST_LOGGED) this.#fullSince = performance.now();
    return true;
  }

  /** What the client called, as far as trusted proxies tell. */
  #target(header: ReadHeader): Target {
    const host = header('host') ?? '';
    if (this.#trustedProxies === 0) return { scheme: 'http', host };
    return {
      scheme: schemeOf(this.#forwarded(header('x-forwarded-proto'))),
      host: this.#forwarded(header('x-forwarded-host')) ?? host,
    };
  }

  /** The value that the outermost trusted proxy wrote; most proxies replace the header, some append to it. */
  #forwarded(value: string | undefined): string | undefined {
    return value?.split(',').slice(-this.#trustedProxies)[0]?.trim() || undefined;
  }
}

interface Target {
  /** Undefined when a proxy does not tell; then both are taken for possible. */
  readonly scheme: string | undefined;
  readonly host: string;
}

/** Some proxies name the scheme of a socket. */
function schemeOf(proto: string | undefined): string | undefined {
  return proto?.toLowerCase().replace(/^ws/, 'http');
}

function isSame(origin: string, target: Target): boolean {
  const normal = normalOrigin(origin);
  if (normal === undefined || target.host === '') return false;
  const schemes = target.scheme === undefined ? ['http', 'https'] : [target.scheme];
  return schemes.some((scheme) => normalOrigin(`${scheme}://${target.host}`) === normal);
}
