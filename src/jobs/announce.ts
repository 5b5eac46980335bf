import { type WebhookEvent } from '../database/enumerations.ts';
import type { Tx } from '../database/tables.ts';
import { append, type NewDelivery } from '../webhooks/outbox/append.ts';
import { callbackEnvelope } from './result.ts';
import type { Job } from './settle.ts';

/** What every delivery of a job has in common; null when nobody is to be told of this event. */
function delivery(job: Job, event: WebhookEvent) {
  if (job.webhook_url === null || !job.webhook_events.includes(event)) return null;
  return {
    account_id: job.account_id,
    job_id: job.id,
    event,
    webhook_url: job.webhook_url,
    headers: job.webhook_headers,
    request_id: job.request_id,
    traceparent: job.traceparent,
    trigger: 'schedule' as const,
  };
}

const metadata = (job: Job) => (job.metadata === null ? '' : `,"metadata":${job.metadata}`);

/** Announces, where it is asked for, that a job has started. */
export async function announceStart(tx: Tx, job: Job): Promise<void> {
  const start = delivery(job, 'job.started');
  if (!start) return;
  const head = `{"event":"job.started","job_id":"${job.id}","status":"running"${metadata(job)}}`;
  await append(tx, [
    { ...start, webhook_id: `${job.id}.started`, head, tail: '', whole_job: false, page_ordinal: null },
  ]);
}

/** Announces, where it is asked for, each page that has settled. The body refers to the page's fragment. */
export async function announcePages(tx: Tx, job: Job, ordinals: number[]): Promise<void> {
  const page = delivery(job, 'job.page');
  if (!page || ordinals.length === 0) return;
  const deliveries = ordinals.map((ordinal): NewDelivery => {
    const head = `{"event":"job.page","job_id":"${job.id}","page_index":${ordinal},"page":`;
    return {
      ...page,
      webhook_id: `${job.id}.page.${ordinal}`,
      head,
      tail: `${metadata(job)}}`,
      whole_job: false,
      page_ordinal: ordinal,
    };
  });
  await append(tx, deliveries);
}

/** The one POST that a job with a webhook ends with. */
export async function announceEnd(tx: Tx, job: Job): Promise<void> {
  const end = delivery(job, 'job.completed');
  if (!end) return;
  const { head, tail, whole } = callbackEnvelope(job);
  await append(tx, [{ ...end, webhook_id: job.id, head, tail, whole_job: whole, page_ordinal: null }]);
}
