import { createHmac, createSecretKey, type Hmac, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { FIRECRAWL_EVENTS, type DeliveryEvent } from '../../database/enumerations.ts';
import type { OutboxTable } from '../../database/tables.ts';

/**
 * A secret as both schemes use it. HMAC of 1 KB takes 2.5 µs with a KeyObject and 12 µs with a
 * Buffer.
 */
interface Keys {
  /** X-Ollagraph-Signature: the UTF-8 bytes of the secret as printed. */
  printed: KeyObject;
  /** Standard Webhooks: the bytes that the base64 after `whsec_` stands for. */
  decoded: KeyObject;
}

const cache = new LRUCache<string, Keys>({ max: 10_000 });

function keysOf(secret: string): Keys {
  let keys = cache.get(secret);
  if (!keys) {
    keys = {
      printed: createSecretKey(Buffer.from(secret, 'utf8')),
      decoded: createSecretKey(Buffer.from(secret.replace(/^whsec_/, ''), 'base64')),
    };
    cache.set(secret, keys);
  }
  return keys;
}

/** The fields of a delivery that its signature depends on. */
type Signed = Pick<OutboxTable, 'webhook_id' | 'event'>;

const isFirecrawl = (event: DeliveryEvent) => (FIRECRAWL_EVENTS as readonly string[]).includes(event);

/** Signs one attempt's body, chunk by chunk. */
export interface Signer {
  update(chunk: Buffer): void;
  /** The signature headers; call once, at the end. */
  headers(): Record<string, string>;
}

/**
 * A signer for a body sent at `timestamp` (seconds since 1970). `secrets`: the current one, and
 * during an overlap the previous one, whose signature comes last in X-Ollagraph-Signature. Schemes:
 * `t=…,v1=hex(HMAC-SHA256("<t>.<body>"))`, Standard Webhooks 1.0, and for events of
 * Firecrawl's its own, `sha256=hex(HMAC-SHA256("<body>"))`.
 */
export function createSigner(
  secrets: string[],
  { webhook_id: webhookId, event }: Signed,
  timestamp: number,
): Signer {
  // Firecrawl's receivers know one secret.
  const firecrawl = isFirecrawl(event) ? createHmac('sha256', keysOf(secrets[0]!).printed) : null;
  const hmacs = secrets.map((secret): { own: Hmac; standard: Hmac } => {
    const keys = keysOf(secret);
    return {
      own: createHmac('sha256', keys.printed).update(`${timestamp}.`),
      standard: createHmac('sha256', keys.decoded).update(`${webhookId}.${timestamp}.`),
    };
  });
  return {
    update(chunk) {
      firecrawl?.update(chunk);
      for (const { own, standard } of hmacs) {
        own.update(chunk);
        standard.update(chunk);
      }
    },
    headers() {
      const digests = hmacs.map(({ own, standard }) => ({
        own: own.digest('hex'),
        standard: standard.digest('base64'),
      }));
      return {
        'x-ollagraph-signature': `t=${timestamp},${digests.map((d) => `v1=${d.own}`).join(',')}`,
        'webhook-id': webhookId,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': digests.map((d) => `v1,${d.standard}`).join(' '),
        ...(firecrawl && { 'x-firecrawl-signature': `sha256=${firecrawl.digest('hex')}` }),
      };
    },
  };
}
