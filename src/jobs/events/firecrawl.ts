import type { FirecrawlEvent } from '../../database/enumerations.ts';
import type { Tx } from '../../database/tables.ts';
import { append, type NewDelivery } from '../../webhooks/outbox/append.ts';
import { documentOf } from '../read/firecrawl-document.ts';
import type { PageBlock } from '../http/schemas/answers.ts';
import type { Job } from '../read/jobs.ts';

type Common = Pick<
  NewDelivery,
  'account_id' | 'job_id' | 'webhook_url' | 'headers' | 'request_id' | 'traceparent' | 'trigger'
>;
type Type = 'started' | 'page' | 'completed' | 'failed';

interface Content {
  success: boolean;
  data: unknown[];
  error?: string;
}

/** A delivery that reports on a job as Firecrawl's webhooks do: its head holds the whole body. */
function told(common: Common, job: Job, type: Type, { success, data, error }: Content): NewDelivery {
  const event: FirecrawlEvent = `${job.kind === 'crawl' ? 'crawl' : 'batch_scrape'}.${type}`;
  const body = JSON.stringify({ success, type: event, id: job.id, data, error });
  const metadata = job.metadata === null ? '' : `,"metadata":${job.metadata}`;
  return {
    ...common,
    event,
    webhook_id: type === 'page' ? null : `${job.id}.${type}`,
    head: body.slice(0, -1),
    tail: `${metadata}}`,
    whole_job: false,
    page_ordinals: null,
  };
}

export async function tellStart(tx: Tx, common: Common, job: Job): Promise<void> {
  await append(tx, [told(common, job, 'started', { success: true, data: [] })]);
}

/** Reports the pages with these ordinals, each in a delivery of its own. */
export async function tellPages(tx: Tx, common: Common, job: Job, ordinals: number[]): Promise<void> {
  const pages = await tx
    .selectFrom('pages')
    .select(['ordinal', 'fragment'])
    .where('account_id', '=', job.account_id)
    .where('job_id', '=', job.id)
    .where('ordinal', 'in', ordinals)
    .where('fragment', 'is not', null)
    .orderBy('ordinal')
    .execute();
  const deliveries = pages.map(({ ordinal, fragment }) => {
    const block = JSON.parse(fragment!) as PageBlock;
    const error = block.error?.message;
    const data = [documentOf(block, { id: `${job.id}.${ordinal}` })];
    return told(common, job, 'page', { success: error === undefined, data, ...(error && { error }) });
  });
  if (deliveries.length > 0) await append(tx, deliveries);
}

/** Reports the end of a job. Its documents were reported one by one, or are read from it. */
export function endOf(common: Common, job: Job): NewDelivery {
  const completed = job.status === 'completed';
  const error = job.status === 'cancelled' ? 'The job was cancelled.' : 'No page came back.';
  const content = { success: completed, data: [], ...(completed ? {} : { error }) };
  return { ...told(common, job, completed ? 'completed' : 'failed', content), webhook_id: job.id };
}
