import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** How a sealed secret begins. */
export const SEALED = 'aes:';
/**
 * Characters of opened secrets kept in memory, about 10,000 webhook secrets: opening one takes
 * longer than signing a callback with it.
 */
const MAX_OPENED_CHARS = 4 * 1024 * 1024;

/**
 * A new webhook secret in the form that Standard Webhooks libraries take: `whsec_` and 32 random
 * bytes in base64.
 */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/**
 * Seals secrets for storage with AES-256-GCM, bound to the account's id: webhook secrets, and the
 * headers, cookies and proxy passwords that callers send along. Without SECRET_KEY they are stored
 * as they are.
 */
export interface SecretBox {
  seal(secret: string, accountId: string): string;
  /** Throws when the text was sealed with another key, for another account, or was changed. */
  open(stored: string, accountId: string): string;
}

/**
 * Seals with a key derived from SECRET_KEY. Opens what this key or the previous one sealed, and
 * secrets stored without a key.
 */
export function createSecretBox(secretKey: string | undefined, previousKey?: string): SecretBox {
  const [key, previous] = [secretKey, previousKey].map((text) =>
    text === undefined ? null : createHash('sha256').update(text).digest(),
  );
  const opened = new LRUCache<string, string>({
    maxSize: MAX_OPENED_CHARS,
    sizeCalculation: (secret, name) => secret.length + name.length,
  });
  return {
    seal(secret, accountId) {
      if (!key) return secret;
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(accountId));
      const sealed = Buffer.concat([
        nonce,
        cipher.update(secret, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return SEALED + sealed.toString('base64url');
    },
    open(stored, accountId) {
      if (!stored.startsWith(SEALED)) return stored;
      if (!key) throw new Error('a secret is sealed, and SECRET_KEY is not set');
      const name = `${accountId} ${stored}`;
      let secret = opened.get(name);
      if (secret === undefined) {
        secret = unseal(stored, accountId, key, previous ?? null);
        opened.set(name, secret);
      }
      return secret;
    },
  };
}

/** Seals a value as JSON. Null stays null. */
export function sealJson(box: SecretBox, value: object | null, accountId: string): string | null {
  return value === null ? null : box.seal(JSON.stringify(value), accountId);
}

/** Opens what `sealJson` sealed. */
export function openJson(box: SecretBox, stored: string | null, accountId: string): unknown {
  return stored === null ? null : JSON.parse(box.open(stored, accountId));
}

function unseal(stored: string, accountId: string, key: Buffer, previous: Buffer | null): string {
  try {
    return decrypt(stored, accountId, key);
  } catch (error) {
    if (!previous) throw error;
    return decrypt(stored, accountId, previous);
  }
}

function decrypt(stored: string, accountId: string, key: Buffer): string {
  const sealed = Buffer.from(stored.slice(SEALED.length), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
    .setAAD(Buffer.from(accountId))
    .setAuthTag(sealed.subarray(-16));
  return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
}
