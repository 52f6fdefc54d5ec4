import {
  type ErrorCode,
  type HttpErrorCode,
  REFUSALS,
  type RefusalCode,
  type TextDetails,
  type UpgradeErrorCode,
} from './catalogue.js';
import type { CatalogueEntry } from './catalogue-entry.js';
import type { CloseReason } from './close-codes.js';
import { isOriginalRoute } from './original-routes.js';

const CODES = Object.keys(REFUSALS) as RefusalCode[];
const entryOf = (code: RefusalCode): CatalogueEntry => REFUSALS[code];

export const HTTP_ERROR_CODES = CODES.filter((code) => entryOf(code).status !== undefined) as [
  HttpErrorCode,
  ...HttpErrorCode[],
];
export const UPGRADE_ERROR_CODES = CODES.filter((code) => entryOf(code).upgrade) as UpgradeErrorCode[];
export const ERROR_CODES = CODES.filter((code) => entryOf(code).frame) as [ErrorCode, ...ErrorCode[]];

/** The text of a code, for people. */
export function refusalText<Code extends RefusalCode>(code: Code, ...details: TextDetails<Code>): string {
  const text = REFUSALS[code].text as string | ((...details: TextDetails<Code>) => string);
  return typeof text === 'string' ? text : text(...details);
}

/** The JSON of an HTTP error response. On the routes of the original service it is `error` alone. */
export interface ErrorBody {
  readonly error: string;
  readonly code?: HttpErrorCode;
}

/** A refused request: thrown during its handling, and written as the response by the server. */
export class Refusal<Code extends HttpErrorCode = HttpErrorCode> extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** How a socket is closed that is refused only after it was opened. */
  readonly close: CloseReason | undefined;

  constructor(
    readonly code: Code,
    ...details: TextDetails<Code>
  ) {
    super(refusalText(code, ...details));
    const { status, retryAfterSeconds, close }: CatalogueEntry = REFUSALS[code];
    // The types allow only codes with a status.
    this.status = status ?? 500;
    this.close = close;
    this.headers = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  }

  /** Adds headers to the response, replacing those of these names. */
  with(headers: Readonly<Record<string, string>>): this {
    Object.assign(this.headers, headers);
    return this;
  }

  /** @param request the refused request; undefined if it could not be parsed */
  bodyFor(request?: { readonly method: string; readonly path: string }): ErrorBody {
    const { message: error, code } = this;
    return request !== undefined && isOriginalRoute(request) ? { error } : { error, code };
  }
}
