import { sql } from 'kysely';
import { crashPoint } from '../../crash-point.ts';
import type { AttemptTrigger, DeliveryEvent } from '../../database/enumerations.ts';
import type { Tx } from '../../database/tables.ts';
import { newId } from '../../ids.ts';
import { notify } from '../../database/notifications.ts';

/** What is to be delivered: a body of head, then the job's page fragments (all where `whole_job`, or the one of `page_ordinal`), then tail. */
export interface NewDelivery {
  account_id: string;
  job_id: string | null;
  event: DeliveryEvent;
  webhook_url: string;
  /** Extra request headers. */
  headers: Record<string, string> | null;
  /** The Standard Webhooks id; null: the delivery's own. */
  webhook_id: string | null;
  head: string;
  tail: string;
  whole_job: boolean;
  page_ordinal: number | null;
  /** The request that led to it, for the logs. */
  request_id?: string | null;
  /** What the spans of its attempts are children of. */
  traceparent?: string | null;
  trigger: AttemptTrigger;
}

/** What is paced, paused and reported as one: the host and port of a webhook URL. */
export function endpointOf(webhookUrl: string): string {
  const { host, port } = new URL(webhookUrl);
  return port === '' ? `${host}:443` : host;
}

/** Appends deliveries in the caller's transaction, due at once; the dispatcher is woken when that commits. Returns their ids. */
export async function append(tx: Tx, deliveries: NewDelivery[]): Promise<string[]> {
  const ids = deliveries.map(() => newId('dlv'));
  const of = <T>(pick: (delivery: NewDelivery, n: number) => T): T[] => deliveries.map(pick);
  const endpoints = of((d) => endpointOf(d.webhook_url));
  await sql`
    insert into outbox (account_id, id, job_id, event, webhook_url, endpoint, headers, webhook_id, head, tail, whole_job, page_ordinal, request_id, traceparent, trigger)
    select * from unnest(${of((d) => d.account_id)}::text[], ${ids}::text[], ${of((d) => d.job_id)}::text[], ${of((d) => d.event)}::text[],
      ${of((d) => d.webhook_url)}::text[], ${endpoints}::text[], ${of((d) => d.headers && JSON.stringify(d.headers))}::jsonb[],
      ${of((d, n) => d.webhook_id ?? ids[n])}::text[], ${of((d) => d.head)}::text[], ${of((d) => d.tail)}::text[],
      ${of((d) => d.whole_job)}::boolean[], ${of((d) => d.page_ordinal)}::int[], ${of((d) => d.request_id ?? null)}::text[],
      ${of((d) => d.traceparent ?? null)}::text[], ${of((d) => d.trigger)}::text[])`.execute(tx);
  crashPoint('delivery.append');
  const targets = new Map(
    deliveries.map((d, n) => [
      `${d.account_id} ${endpoints[n]}`,
      { account_id: d.account_id, endpoint: endpoints[n]! },
    ]),
  );
  for (const target of targets.values()) await notify(tx, { type: 'outbox', ...target });
  return ids;
}
