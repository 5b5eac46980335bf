import type { SecretBox } from '../accounts/secrets.ts';
import { readSigningSecrets } from '../accounts/signing-secrets.ts';
import { readRunReport } from '../changes/end-run.ts';
import type { Db } from '../database/tables.ts';
import { findJob } from '../jobs/read/jobs.ts';
import { callbackEnvelope } from '../jobs/read/result.ts';
import { bodyChunks } from '../webhooks/send/body.ts';
import { withLink, type LinkTools } from '../webhooks/send/link.ts';
import { readContent, type DeliveryContent } from '../webhooks/read/deliveries.ts';
import { digestLarge } from '../webhooks/send/post.ts';
import { openHeaders, requestHeaders } from '../webhooks/send/post.ts';
import { createSigner } from '../webhooks/send/sign.ts';

/** The request of a callback as its first attempt would send it at this moment. */
export interface CallbackRequest {
  headers: Record<string, string>;
  /** The bytes that the signature covers, the same at every call. */
  body: () => AsyncIterable<Buffer>;
}

/**
 * Signs one of the account's callbacks (a delivery, or an ended job without webhook_url) with the
 * current secrets. Null where there is no such callback, where the stored pages no longer make the
 * bytes that were sent before, or where the client has gone.
 */
export async function readRequest(
  { db, box, config }: LinkTools & { box: SecretBox },
  accountId: string,
  id: string,
  gone: AbortSignal,
): Promise<CallbackRequest | null> {
  const stored = (await readContent(db, accountId, id)) ?? (await contentOfJob(db, accountId, id));
  if (!stored) return null;
  const content = await withLink({ db, config }, stored);
  const secrets = await readSigningSecrets(db, box, accountId);
  const signer = createSigner(secrets, content, Math.floor(Date.now() / 1000));
  const body = () => bodyChunks(db, content);
  const { digest } = await digestLarge(until(gone, body()), signer);
  if (gone.aborted) return null;
  if (content.body_sha256 !== null && content.body_sha256 !== digest) return null;
  const headers = openHeaders(box, content);
  return { headers: requestHeaders({ id: content.id, attempts: 1 }, headers, signer.headers()), body };
}

/** The chunks, until the client has gone. */
async function* until(gone: AbortSignal, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (gone.aborted) return;
    yield chunk;
  }
}

/** The delivery that an ended job would have with a webhook_url. */
async function contentOfJob(db: Db, accountId: string, id: string): Promise<DeliveryContent | null> {
  const job = await findJob(db, accountId, id);
  if (
    !job ||
    job.finished_at === null ||
    job.webhook_url !== null ||
    !job.webhook_events.includes('job.completed')
  )
    return null;
  const { head, tail, link = null, whole_job } = callbackEnvelope(job, await readRunReport(db, job));
  return {
    account_id: accountId,
    id: job.id.replace('job_', 'dlv_'),
    job_id: job.id,
    event: 'job.completed',
    webhook_id: job.id,
    headers: job.webhook_headers,
    head,
    tail,
    link,
    whole_job,
    page_ordinals: null,
    body_bytes: null,
    body_sha256: null,
    attempts: 0,
  };
}
