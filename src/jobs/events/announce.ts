import type { RunReport } from '../../changes/end-run.ts';
import { type WebhookEvent } from '../../database/enumerations.ts';
import type { Tx } from '../../database/tables.ts';
import { addPages, append, type NewDelivery } from '../../webhooks/outbox/append.ts';
import { appendInto } from '../../webhooks/direct/append-leased.ts';
import type { Reservation } from '../../webhooks/direct/reservation.ts';
import { callbackEnvelope } from '../read/result.ts';
import type { Job } from '../read/jobs.ts';
import { endOf, tellPages, tellStart } from './firecrawl.ts';

/** What every delivery of a job has in common. Null where this event is not announced. */
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

/** Announces that a job has started, if its caller asked for that. */
export async function announceStart(tx: Tx, job: Job): Promise<void> {
  const start = delivery(job, 'job.started');
  if (!start) return;
  if (job.webhook_payload === 'firecrawl') return await tellStart(tx, start, job);
  const head = `{"event":"job.started","job_id":"${job.id}","status":"running"${metadata(job)}}`;
  await append(tx, [
    { ...start, webhook_id: `${job.id}.started`, head, tail: '', whole_job: false, page_ordinals: null },
  ]);
}

/** How many free pages of a job are announced one by one. Later ones share deliveries. */
const MAX_SINGLE_FREE_PAGES = 20;
/** Seconds for which a shared delivery gathers pages. */
const GATHER_SECONDS = 2;

interface SettledPage {
  ordinal: number;
  status: 'ok' | 'failed' | 'skipped';
}

/**
 * Announces settled pages, if the job's caller asked for that. Each page that costs a credit has
 * its own delivery. Free pages soon share deliveries, so that a job whose URLs all fail cannot
 * flood a receiver.
 */
export async function announcePages(tx: Tx, job: Job, pages: SettledPage[]): Promise<void> {
  const common = delivery(job, 'job.page');
  if (!common || pages.length === 0) return;
  const sorted = pages.toSorted((a, b) => a.ordinal - b.ordinal);
  let left = Math.max(0, MAX_SINGLE_FREE_PAGES - job.failed - job.skipped);
  const isSingle = ({ status }: SettledPage) => status === 'ok' || left-- > 0;
  const { single = [], shared = [] } = Object.groupBy(sorted, (page) =>
    isSingle(page) ? 'single' : 'shared',
  );
  if (job.webhook_payload === 'firecrawl') {
    const ordinals = single.filter(({ status }) => status !== 'skipped').map(({ ordinal }) => ordinal);
    return ordinals.length > 0 ? await tellPages(tx, common, job, ordinals) : undefined;
  }
  const deliveries = single.map(({ ordinal }): NewDelivery => {
    const head = `{"event":"job.page","job_id":"${job.id}","page_index":${ordinal},"page":`;
    const webhook_id = `${job.id}.page.${ordinal}`;
    return {
      ...common,
      webhook_id,
      head,
      tail: `${metadata(job)}}`,
      whole_job: false,
      page_ordinals: [ordinal],
    };
  });
  if (deliveries.length > 0) await append(tx, deliveries);
  if (shared.length > 0)
    await announceTogether(
      tx,
      job,
      shared.map(({ ordinal }) => ordinal),
    );
}

async function announceTogether(tx: Tx, job: Job, ordinals: number[]): Promise<void> {
  const common = delivery(job, 'job.page');
  if (!common || (await addPages(tx, common, ordinals))) return;
  await append(tx, [
    {
      ...common,
      event: 'job.pages',
      webhook_id: `${job.id}.pages.${ordinals[0]}`,
      head: `{"event":"job.pages","job_id":"${job.id}","pages":[`,
      tail: `]${metadata(job)}}`,
      whole_job: false,
      page_ordinals: ordinals,
      delay: GATHER_SECONDS,
    },
  ]);
}

/** The one POST that a job with a webhook ends with. */
export async function announceEnd(
  tx: Tx,
  job: Job,
  { reservation, report }: { reservation: Reservation | null; report: RunReport | null },
): Promise<void> {
  const end = delivery(job, 'job.completed');
  if (!end) return;
  if (job.webhook_payload === 'firecrawl') {
    await appendInto(tx, reservation, endOf(end, job));
    return;
  }
  const body = callbackEnvelope(job, report);
  const announced = { ...end, webhook_id: job.id, ...body, page_ordinals: null };
  await appendInto(tx, reservation, announced);
}
