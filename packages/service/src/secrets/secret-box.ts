import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.js';
import { list } from '../settings/config.js';

const KEY_BYTES = 32;
/** Length of a nonce and of a tag of AES-GCM (NIST SP 800-38D). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
/** Begins a text that is encrypted: `sealed:<id of the key>:<nonce, tag and text in base64>`. */
const PREFIX = 'sealed:';

/** Keys that encrypt the secrets of webhooks in PostgreSQL. The API and dispatchers need the same value. */
export const webhookSecretSettings = {
  WEBHOOK_SECRET_KEYS: list()
    .refine(
      (keys) => keys.every((key) => keyOf(key) !== undefined),
      `must be keys of ${KEY_BYTES} bytes in base64`,
    )
    .default([])
    .describe(
      'Keys that encrypt the [secrets of webhooks](events.md#secrets-at-rest) in PostgreSQL, 32 bytes in base64 each, separated by commas. The first one encrypts, all decrypt. The API and dispatchers need the same value; without any, secrets are stored in clear text.',
    ),
};

/** Names of the settings whose values are secret. */
export const WEBHOOK_SECRETS = ['WEBHOOK_SECRET_KEYS'];

/** Encrypts texts for storage by AES-256-GCM. Without a key it returns them as they are. */
export class SecretBox {
  readonly #keys: ReadonlyArray<{ readonly id: string; readonly bytes: Buffer }>;

  /** @param keys as {@link webhookSecretSettings} accepts them; the first one encrypts, all decrypt */
  constructor(keys: readonly string[]) {
    this.#keys = keys.map((text) => {
      const bytes = keyOf(text);
      if (bytes === undefined) throw new ConfigError('WEBHOOK_SECRET_KEYS has an invalid key');
      return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
    });
  }

  seal(text: string): string {
    const [key] = this.#keys;
    if (key === undefined) return text;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key.bytes, nonce, { authTagLength: TAG_BYTES });
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${PREFIX}${key.id}:${Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64')}`;
  }

  /** Returns the text of {@link seal}; a text that is not encrypted as it is. @throws {Error} its key is not there, or it was changed */
  open(stored: string): string {
    if (!stored.startsWith(PREFIX)) return stored;
    const [id, content = ''] = stored.slice(PREFIX.length).split(':');
    const key = this.#keys.find((each) => each.id === id);
    if (key === undefined) throw new Error(`WEBHOOK_SECRET_KEYS lacks the key ${id} of the secret`);
    const bytes = Buffer.from(content, 'base64');
    const decipher = createDecipheriv(CIPHER, key.bytes, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return (
      decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    );
  }
}

function keyOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === KEY_BYTES && bytes.toString('base64') === text ? bytes : undefined;
}
