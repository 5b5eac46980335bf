import type { AttemptTrigger, Tx } from '../database.ts';
import { newId } from '../ids.ts';
import { notify } from '../notifications.ts';

/** What is to be delivered. The body is head, the job's page fragments where `whole_job`, and tail. */
export interface NewDelivery {
  account_id: string;
  job_id: string | null;
  event: string;
  webhook_url: string;
  webhook_id: string | null;
  head: string;
  tail: string;
  whole_job: boolean;
  trigger: AttemptTrigger;
}

/** What is paced, paused and reported as one: the host and port of a webhook URL. */
export function endpointOf(webhookUrl: string): string {
  const { host, port } = new URL(webhookUrl);
  return port === '' ? `${host}:443` : host;
}

/** Appends a delivery in the caller's transaction, due at once; the dispatcher is woken when that commits. Returns its id. */
export async function append(tx: Tx, delivery: NewDelivery): Promise<string> {
  const id = newId('dlv');
  const endpoint = endpointOf(delivery.webhook_url);
  await tx
    .insertInto('outbox')
    .values({
      ...delivery,
      id,
      endpoint,
      webhook_id: delivery.webhook_id ?? id,
      body_bytes: null,
      body_sha256: null,
      last_status: null,
      last_error: null,
    })
    .execute();
  await notify(tx, { type: 'outbox', account_id: delivery.account_id, endpoint });
  return id;
}
