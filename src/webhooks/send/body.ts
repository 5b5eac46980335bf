import { hash } from 'node:crypto';
import { InDoubtError } from '../../database/connect/trouble.ts';
import { readEnvelope } from '../../database/fragments.ts';
import type { Db } from '../../database/tables.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';

/**
 * Bodies of up to this many bytes are held in memory; larger ones are streamed twice, to sign and
 * to send.
 */
export const SMALL_BODY_BYTES = 256 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** The parts of a delivery's body. */
export type BodySource = Pick<
  ClaimedDelivery,
  'account_id' | 'job_id' | 'event' | 'head' | 'tail' | 'link' | 'whole_job' | 'page_ordinals' | 'body_bytes'
>;

/**
 * The body of a delivery in chunks: the same bytes at every call. Throws an InDoubtError where its
 * pages do not show yet.
 */
export async function* bodyChunks(db: Db, delivery: BodySource): AsyncGenerator<Buffer> {
  const { account_id, job_id } = delivery;
  if (!delivery.whole_job || job_id === null) {
    const { head, link, tail } = delivery;
    yield Buffer.from(head + (link ?? (await namedPages(db, delivery))) + tail, 'utf8');
    return;
  }
  let pending: Buffer[] = [];
  let bytes = 0;
  for await (const text of readEnvelope(db, { account_id, id: job_id }, delivery)) {
    const chunk = Buffer.from(text, 'utf8');
    pending.push(chunk);
    bytes += chunk.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(pending);
    pending = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(pending);
}

/**
 * The fragments of the pages that the delivery names, each with its index where it tells of
 * several.
 */
async function namedPages(db: Db, delivery: BodySource): Promise<string> {
  const { account_id, job_id, event, page_ordinals } = delivery;
  if (page_ordinals === null || job_id === null) return '';
  const pages = await db
    .selectFrom('pages')
    .select(['ordinal', 'fragment'])
    .where('account_id', '=', account_id)
    .where('job_id', '=', job_id)
    .where('ordinal', 'in', page_ordinals)
    .orderBy('ordinal')
    .execute();
  // Once there was a first attempt, a page that is no longer kept changes the body: the digest
  // shows it.
  const shown = pages.filter(({ fragment }) => fragment !== null).length;
  if (delivery.body_bytes === null && shown < page_ordinals.length)
    throw new InDoubtError(`pages of job ${job_id} do not show yet`);
  if (event === 'job.page') return pages[0]?.fragment ?? 'null';
  return pages.map(({ ordinal, fragment }) => `{"page_index":${ordinal},"page":${fragment}}`).join(',');
}

/**
 * The body of a delivery that carries no pages; null where it does, or is larger than
 * SMALL_BODY_BYTES.
 */
export function ownBody({ head, link, tail, whole_job, page_ordinals }: BodySource): Buffer | null {
  if (whole_job || page_ordinals !== null) return null;
  const body = Buffer.from(head + (link ?? '') + tail, 'utf8');
  return body.length > SMALL_BODY_BYTES ? null : body;
}

/** The whole body, or null when it is larger than SMALL_BODY_BYTES. */
export async function smallBody(db: Db, delivery: BodySource): Promise<Buffer | null> {
  if (delivery.body_bytes !== null && delivery.body_bytes > SMALL_BODY_BYTES) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of bodyChunks(db, delivery)) {
    bytes += chunk.length;
    if (bytes > SMALL_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** In hexadecimal digits. */
export const sha256 = (body: Buffer): string => hash('sha256', body, 'hex');
