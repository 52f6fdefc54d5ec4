import type { Logger } from '../telemetry/logger.js';
import { AllowedOrigins, normalOrigin } from './allowed-origins.js';

/**
 * The origin of a request's page. `none`: there is no `Origin`, so it comes from no page of another origin. `same`:
 * that of the request itself. `listed`: in `ALLOWED_ORIGINS`. `any`: covered only by `*` or `null`, so its cookies do
 * not count. `refused`: none of these.
 */
export type OriginVerdict = 'none' | 'same' | 'listed' | 'any' | 'refused';

export interface OriginPolicyOptions {
  /** Entries of `ALLOWED_ORIGINS`. */
  readonly allowedOrigins: readonly string[];
  /** 0 ignores `X-Forwarded-Proto` and `X-Forwarded-Host`. */
  readonly trustedProxies: number;
  readonly log: Logger;
}

/** Returns a request header by its lower-case name; undefined or empty if it is missing. */
export type ReadHeader = (name: string) => string | undefined;

/** Number of origins remembered as logged; a client can send any number of different ones. */
const MOST_LOGGED = 100;
/** After this time a full memory is cleared, in milliseconds, so that new origins are logged again. */
const FORGET_MS = 3_600_000;
/** Largest number of characters of an origin in the log. */
const LONGEST_LOGGED = 200;

/** Decides which pages may call the service. The API and the gateways share it. */
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

  /** Judges one request. Logs the first refusal of an origin with the setting that allows it. */
  judge(header: ReadHeader): OriginVerdict {
    const origin = header('origin');
    if (origin === undefined || origin === '') return 'none';
    const target = this.#target(header);
    if (isSame(origin, target)) return 'same';
    const match = this.#allowed.match(origin);
    if (match === undefined) this.#logRefusal(origin, target);
    return match ?? 'refused';
  }

  /** Must be called when the cookie of a request from an `any` origin was ignored. Logs it once per origin. */
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

  /** The address that the client used, as far as trusted proxies report it. */
  #target(header: ReadHeader): Target {
    const host = header('host') ?? '';
    if (this.#trustedProxies === 0) return { scheme: 'http', host };
    return {
      scheme: schemeOf(this.#forwarded(header('x-forwarded-proto'))),
      host: this.#forwarded(header('x-forwarded-host')) ?? host,
    };
  }

  /** The value of the outermost trusted proxy; most proxies replace the header, some append to it. */
  #forwarded(value: string | undefined): string | undefined {
    return value?.split(',').slice(-this.#trustedProxies)[0]?.trim() || undefined;
  }
}

interface Target {
  /** Undefined if a proxy does not report it; then both schemes are possible. */
  readonly scheme: string | undefined;
  readonly host: string;
}

/** Some proxies report the scheme of a socket. */
function schemeOf(proto: string | undefined): string | undefined {
  return proto?.toLowerCase().replace(/^ws/, 'http');
}

function isSame(origin: string, target: Target): boolean {
  const normal = normalOrigin(origin);
  if (normal === undefined || target.host === '') return false;
  const schemes = target.scheme === undefined ? ['http', 'https'] : [target.scheme];
  return schemes.some((scheme) => normalOrigin(`${scheme}://${target.host}`) === normal);
}
