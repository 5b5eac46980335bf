import { sql } from 'kysely';
import { PREPARED } from '../../database/connect/prepared.ts';
import { boolean, float, rows, text } from '../../database/rows.ts';
import { crashPoint } from '../../crash-point.ts';
import type { AttemptTrigger, DeliveryEvent } from '../../database/enumerations.ts';
import type { Tx } from '../../database/tables.ts';
import { newId } from '../../ids.ts';
import { notifyDispatchers } from './notify.ts';

/**
 * A delivery to append. Its body is the head, the fragments of the job's pages joined by commas
 * (all pages where `whole_job`, else those of `page_ordinals`) or a link to them, and the tail.
 */
export interface NewDelivery {
  account_id: string;
  job_id: string | null;
  event: DeliveryEvent;
  webhook_url: string;
  /** Extra request headers, as `sealJson` sealed them. */
  headers: string | null;
  /** The Standard Webhooks id; null: the delivery's own. */
  webhook_id: string | null;
  head: string;
  tail: string;
  /** Empty for a link to the job's pages that the dispatcher makes. Without, the body has none. */
  link?: '';
  whole_job: boolean;
  page_ordinals: number[] | null;
  /** Seconds after which it falls due; missing: at once. */
  delay?: number;
  /** The request that led to it, for the logs. */
  request_id?: string | null;
  /** The parent of its attempts' spans. */
  traceparent?: string | null;
  trigger: AttemptTrigger;
}

/** The endpoint of a webhook URL, its host and port: what is paced, paused and reported as one. */
export function endpointOf(webhookUrl: string): string {
  const { host, port } = new URL(webhookUrl);
  return port === '' ? `${host}:443` : host;
}

/** Deliveries as rows of the outbox, with ids of their own. */
export function outboxRows(deliveries: NewDelivery[]) {
  const ids = deliveries.map(() => newId('dlv'));
  const endpoints = deliveries.map((d) => endpointOf(d.webhook_url));
  const columns = {
    account_id: text((d: NewDelivery) => d.account_id),
    id: text((_: NewDelivery, n: number) => ids[n]),
    job_id: text((d: NewDelivery) => d.job_id),
    event: text((d: NewDelivery) => d.event),
    webhook_url: text((d: NewDelivery) => d.webhook_url),
    endpoint: text((_: NewDelivery, n: number) => endpoints[n]),
    headers: text((d: NewDelivery) => d.headers),
    webhook_id: text((d: NewDelivery, n: number) => d.webhook_id ?? ids[n]),
    head: text((d: NewDelivery) => d.head),
    tail: text((d: NewDelivery) => d.tail),
    link: text((d: NewDelivery) => d.link),
    whole_job: boolean((d: NewDelivery) => d.whole_job),
    request_id: text((d: NewDelivery) => d.request_id),
    traceparent: text((d: NewDelivery) => d.traceparent),
    trigger: text((d: NewDelivery) => d.trigger),
  };
  const batch = rows(deliveries, {
    ...columns,
    ordinals: text((d: NewDelivery) => d.page_ordinals && `{${d.page_ordinals.join(',')}}`),
    delay: float((d) => d.delay ?? 0),
  });
  return { ids, endpoints, batch, columns: rows([], columns).columns };
}

/**
 * Appends deliveries in the caller's transaction, and wakes the dispatchers when that commits.
 * Returns their ids.
 */
export async function append(tx: Tx, deliveries: NewDelivery[]): Promise<string[]> {
  const { ids, endpoints, batch, columns } = outboxRows(deliveries);
  await sql`${PREPARED}
    insert into outbox (${columns}, page_ordinals, next_attempt_at)
    select ${columns}, ordinals::int[], now() + delay * interval '1 s' from ${batch.asPrepared('b')}`.execute(
    tx,
  );
  crashPoint('delivery.append');
  await notifyDispatchers(
    tx,
    deliveries.map(({ account_id, trigger }, n) => {
      const kind = trigger === 'test' ? ('urgent' as const) : ('fresh' as const);
      return { account_id, endpoint: endpoints[n]!, kind };
    }),
  );
  return ids;
}

/** The most pages that one delivery reports. */
const MAX_PAGES = 1000;

/**
 * Adds pages to the job's `job.pages` delivery that waits for its first attempt, in the caller's
 * transaction. Returns whether there is one with room.
 */
export async function addPages(
  tx: Tx,
  { account_id, job_id }: { account_id: string; job_id: string },
  ordinals: number[],
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update outbox set page_ordinals = page_ordinals || ${ordinals}::int[]
    where account_id = ${account_id} and job_id = ${job_id} and event = 'job.pages' and status = 'waiting'
      and attempts = 0 and cardinality(page_ordinals) + ${ordinals.length} <= ${MAX_PAGES}`.execute(tx);
  return (numAffectedRows ?? 0n) > 0n;
}
