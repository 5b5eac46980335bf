import { append, type NewDelivery } from '../../src/webhooks/outbox/append.ts';
import type { TestService } from '../support/service.ts';

/**
 * A service that delivers and has no workers: what is in its outbox is what the test puts there.
 */
export const WITHOUT_WORKERS = { ROLES: 'web,dispatcher' };

/**
 * Puts deliveries with bodies of their own into the outbox of the service's account, one for each
 * URL. Returns their ids.
 */
export async function deliverTo(
  { db, account }: TestService,
  urls: string[],
  options: Partial<NewDelivery> = {},
): Promise<string[]> {
  const deliveries = urls.map((url) => ({ ...newDelivery(account.id, url), ...options }));
  return await db.transaction().execute(async (tx) => await append(tx, deliveries));
}

/** A small delivery of no job. */
export function newDelivery(account_id: string, webhook_url: string): NewDelivery {
  return {
    account_id,
    job_id: null,
    event: 'test',
    webhook_url,
    headers: null,
    webhook_id: null,
    head: '{"hello":"world"}',
    tail: '',
    whole_job: false,
    page_ordinals: null,
    trigger: 'schedule',
  };
}
