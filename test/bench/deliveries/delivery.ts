import type { NewDelivery } from '../../../src/webhooks/outbox/append.ts';

const BODY = JSON.stringify({ job_id: 'job_x', status: 'completed', result: 'x'.repeat(960) });

/** A delivery of 1 KB, of no job. */
export function deliveryTo(account_id: string, webhook_url: string): NewDelivery {
  return {
    account_id,
    job_id: null,
    event: 'job.completed',
    webhook_url,
    headers: null,
    webhook_id: null,
    head: BODY,
    tail: '',
    whole_job: false,
    page_ordinals: null,
    trigger: 'schedule',
  };
}
