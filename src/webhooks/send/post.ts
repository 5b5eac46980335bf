import { createHash } from 'node:crypto';
import type { Config } from '../../config/index.ts';
import { crashPoint } from '../../crash-point.ts';
import { openJson, type SecretBox } from '../../accounts/secrets.ts';
import { InDoubtError, isDatabaseTrouble } from '../../database/connect/trouble.ts';
import { JSON_LINES, resultLength } from '../../database/result-bytes.ts';
import type { Db } from '../../database/tables.ts';
import type { Egress, PostResult } from '../../egress/index.ts';
import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import { Semaphore } from '../../limits/semaphore.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';
import { URGENT_LANE } from '../outbox/lanes.ts';
import { bodyChunks, ownBody, sha256, SMALL_BODY_BYTES, smallBody } from './body.ts';
import { addLink, lacksLink } from './link.ts';
import { createSigner, type Signer } from './sign.ts';

/** A caller's extra request headers. */
type Headers = Record<string, string> | null;

export const USER_AGENT = 'Ollagraph-Webhook/1.0';
/**
 * The most large bodies under way at once, one per endpoint, so that they never crowd out small
 * ones.
 */
const MAX_LARGE_BODIES = 4;

/** The stored fragments no longer yield the bytes that the first attempt sent. */
export class BodyChangedError extends Error {
  override name = 'BodyChangedError';
}

/**
 * A secret of the account, or its sealed headers, cannot be opened with this process's key, so
 * nothing was sent.
 */
export class UnsignedError extends Error {
  override name = 'UnsignedError';
}

/**
 * The database could not be asked for the body, or does not show all of it yet, so nothing was
 * sent.
 */
export class UnreadBodyError extends Error {
  override name = 'UnreadBodyError';
  /** Whether other bodies of the account cannot be read either. */
  get ofDatabase(): boolean {
    return !(this.cause instanceof InDoubtError);
  }
}

/** What is known of the body once it is complete. */
export interface BodyFacts {
  body_bytes: number | null;
  /** In hexadecimal digits. */
  body_sha256: string | null;
}

export interface PosterOptions {
  db: Db;
  egress: Egress;
  config: Pick<Config, 'webhookTimeoutMs' | 'publicUrl' | 'retentionDays'>;
  box: SecretBox;
}

/** Assembles the bodies of deliveries, signs them and sends them. */
export class Poster {
  readonly #options: PosterOptions;
  readonly #largeBodies = new Semaphore(MAX_LARGE_BODIES);
  readonly #largeBodiesByEndpoint = new KeyedSemaphore(1);

  constructor(options: PosterOptions) {
    this.#options = options;
  }

  /**
   * Sends one claimed delivery, and fills in `facts` on the way. Throws a BodyChangedError, an
   * UnsignedError, an UnlinkedError, an UnreadBodyError, or what egress throws.
   */
  async post(claimed: ClaimedDelivery, traceparent: string | null, facts: BodyFacts): Promise<PostResult> {
    const delivery = lacksLink(claimed) ? await orUnread(this.#addLink(claimed)) : claimed;
    const body = ownBody(delivery) ?? (await orUnread(smallBody(this.#options.db, delivery)));
    if (body === null) return await this.#postLarge(delivery, traceparent, facts);
    const headers = this.#sign(delivery, traceparent, { body, facts });
    crashPoint('delivery.send');
    return await this.#options.egress.post({
      url: delivery.webhook_url,
      payer: delivery.account_id,
      urgent: delivery.lane === URGENT_LANE,
      headers,
      body,
      timeoutMs: this.#options.config.webhookTimeoutMs,
    });
  }

  /**
   * Fixes a small body and signs it. In a function of its own, so that no request under way keeps
   * its signer.
   */
  #sign(
    delivery: ClaimedDelivery,
    traceparent: string | null,
    { body, facts }: { body: Buffer; facts: BodyFacts },
  ): Record<string, string> {
    const { signer, headers } = this.#open(delivery);
    fixBody(delivery, facts, body.length, sha256(body));
    signer.update(body);
    return requestHeaders(delivery, headers, signer.headers(), traceparent);
  }

  /** Many pages are read in turn with large bodies. */
  async #addLink(delivery: ClaimedDelivery): Promise<ClaimedDelivery> {
    const { account_id, job_id } = delivery;
    const bytes = await resultLength(this.#options.db, { account_id, id: job_id! }, JSON_LINES);
    using _ = bytes > SMALL_BODY_BYTES ? await this.#placeForLarge(delivery) : null;
    return await addLink(this.#options, delivery);
  }

  async #placeForLarge({ account_id, endpoint }: ClaimedDelivery): Promise<DisposableStack> {
    using places = new DisposableStack();
    places.use(await this.#largeBodiesByEndpoint.acquire(`${account_id} ${endpoint}`));
    places.use(await this.#largeBodies.acquire());
    return places.move();
  }

  /**
   * Reads the stored fragments twice in constant memory: for length, digest and signature, then to
   * send them.
   */
  async #postLarge(
    delivery: ClaimedDelivery,
    traceparent: string | null,
    facts: BodyFacts,
  ): Promise<PostResult> {
    const { db, egress, config } = this.#options;
    using _ = await this.#placeForLarge(delivery);
    const { signer, headers } = this.#open(delivery);
    const { bytes, digest } = await orUnread(digestLarge(bodyChunks(db, delivery), signer));
    fixBody(delivery, facts, bytes, digest);
    crashPoint('delivery.send');
    return await egress.post({
      url: delivery.webhook_url,
      payer: delivery.account_id,
      urgent: delivery.lane === URGENT_LANE,
      headers: requestHeaders(delivery, headers, signer.headers(), traceparent),
      body: { length: bytes, chunks: () => bodyChunks(db, delivery) },
      timeoutMs: config.webhookTimeoutMs,
      idleTimeoutMs: config.webhookTimeoutMs,
    });
  }

  /**
   * Opens what is sealed. The signer is made just before it is used: its timestamp is that of the
   * attempt.
   */
  #open(delivery: ClaimedDelivery): { signer: Signer; headers: Headers } {
    const { id, account_id, webhook_secret, previous_secrets } = delivery;
    const { box } = this.#options;
    try {
      const secrets = [webhook_secret, ...previous_secrets].map((secret) => box.open(secret, account_id));
      return {
        signer: createSigner(secrets, delivery, Math.floor(Date.now() / 1000)),
        headers: openHeaders(box, delivery),
      };
    } catch (cause) {
      throw new UnsignedError(`delivery ${id} cannot be signed`, { cause });
    }
  }
}

async function orUnread<T>(reading: Promise<T>): Promise<T> {
  return await reading.catch((cause: unknown) => {
    throw isDatabaseTrouble(cause) ? new UnreadBodyError('the body cannot be read now', { cause }) : cause;
  });
}

/** Reads a large body once: its length and SHA-256, while the signer sees every chunk. */
export async function digestLarge(
  chunks: AsyncIterable<Buffer>,
  signer: Signer,
): Promise<{ bytes: number; digest: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    signer.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest('hex') };
}

/** Notes the body's length and digest, and refuses to send what differs from the first attempt. */
function fixBody(delivery: ClaimedDelivery, facts: BodyFacts, bytes: number, digest: string): void {
  const { id, body_bytes, body_sha256 } = delivery;
  if (body_sha256 !== null && (body_sha256 !== digest || body_bytes !== bytes))
    throw new BodyChangedError(`delivery ${id} was ${body_bytes} bytes and is ${bytes}`);
  facts.body_bytes = bytes;
  facts.body_sha256 = digest;
}

/** A delivery's extra request headers, as its caller gave them. */
export function openHeaders(
  box: SecretBox,
  { account_id, headers }: Pick<ClaimedDelivery, 'account_id' | 'headers'>,
): Headers {
  return openJson(box, headers, account_id) as Headers;
}

/** The headers of one attempt: the caller's own, ours, and the trace's where there is one. */
export function requestHeaders(
  { id, attempts }: Pick<ClaimedDelivery, 'id' | 'attempts'>,
  headers: Headers,
  signature: Record<string, string>,
  traceparent: string | null = null,
): Record<string, string> {
  return {
    ...headers,
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    ...signature,
    'x-ollagraph-delivery': id,
    'x-ollagraph-attempt': String(attempts),
    ...(traceparent === null ? null : { traceparent }),
  };
}
