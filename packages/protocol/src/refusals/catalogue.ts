import { ACCESS } from './catalogue/access.js';
import { FRAMES } from './catalogue/frames.js';
import { LIMITS } from './catalogue/limits.js';
import { OBJECTS } from './catalogue/objects.js';
import { REQUESTS } from './catalogue/requests.js';

/**
 * Every reason for which the API or a gateway refuses a request, an upgrade or a frame: `catalogue/` is the only place of its status,
 * its close code and its text. The codes are stable. `docs/reference/api.md` and `docs/reference/protocol.md` list
 * them; tests compare both with this catalogue.
 */
export const REFUSALS = {
  ...REQUESTS,
  ...ACCESS,
  ...OBJECTS,
  ...FRAMES,
  ...LIMITS,
} as const;

export type RefusalCode = keyof typeof REFUSALS;
type CodesWith<Part> = {
  [Code in RefusalCode]: (typeof REFUSALS)[Code] extends Part ? Code : never;
}[RefusalCode];

/** Codes of HTTP responses. */
export type HttpErrorCode = CodesWith<{ status: number }>;
/** Codes with which an upgrade can be refused. */
export type UpgradeErrorCode = CodesWith<{ upgrade: true }>;
/** Codes of `error` frames of `chorus.v1`. */
export type ErrorCode = CodesWith<{ frame: true }>;

/** Codes of `error` frames of the plain protocol, which do not show them. */
export type PlainErrorCode = Exclude<ErrorCode, 'bad_frame'>;

/** Parameters of the text of a code; none for most codes. */
export type TextDetails<Code extends RefusalCode> = (typeof REFUSALS)[Code]['text'] extends (
  ...details: infer Details
) => string
  ? Details
  : [];
