import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 12;
/** 214 bits. */
const SECRET_LENGTH = 36;

/** Id of an API key: the part that is no secret. */
export const KEY_ID = /^[A-Za-z0-9]{12}$/;
const KEY = /^chk_([A-Za-z0-9]{12})_([A-Za-z0-9]{32,64})$/;
/** Finds an API key, or the beginning of one, in any text. */
const IN_TEXT = /chk_[A-Za-z0-9]{12}_/;

/** The parts of an API key. */
export interface KeyParts {
  readonly id: string;
  /** SHA-256 of the secret. Secrets are random and long, so a slow hash would protect nothing. */
  readonly secretHash: Buffer;
}

/** A new API key. */
export interface NewKey extends KeyParts {
  /** `chk_<id>_<secret>`: to be shown once, and not stored. */
  readonly text: string;
}

/** Returns a random API key. */
export function generateKey(): NewKey {
  const id = randomText(ID_LENGTH);
  const secret = randomText(SECRET_LENGTH);
  return { id, secretHash: hash(secret), text: `chk_${id}_${secret}` };
}

/** Returns the parts of an API key; undefined for any other text. */
export function parseKey(text: string): KeyParts | undefined {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secretHash: hash(secret) };
}

/** Whether a text, such as a URL, holds an API key. */
export function holdsKey(text: string): boolean {
  return IN_TEXT.test(text);
}

/**
 * Whether a key has the secret that is stored, in a time that does not depend on where they differ.
 * @param stored undefined for an unknown key; takes as long as any other
 */
export function isSecretOf(key: KeyParts, stored: Uint8Array | undefined): boolean {
  const equal = timingSafeEqual(key.secretHash, stored ?? NO_HASH);
  return equal && stored !== undefined;
}

/** The text after `Bearer` in `Authorization`, if it claims to be an API key. */
export function keyOf(authorization: string | undefined): string | undefined {
  return /^bearer +(chk_\S*) *$/i.exec(authorization ?? '')?.[1];
}

const NO_HASH = Buffer.alloc(32);

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
