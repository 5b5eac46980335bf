import { sql } from 'kysely';
import { boolean, int, jsonb, rows, text } from '../../database/rows.ts';
import { crashPoint } from '../../crash-point.ts';
import type { AttemptTrigger, DeliveryEvent } from '../../database/enumerations.ts';
import type { Tx } from '../../database/tables.ts';
import { newId } from '../../ids.ts';
import { notifyDispatchers } from './notify.ts';

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
  const endpoints = deliveries.map((d) => endpointOf(d.webhook_url));
  const batch = rows(deliveries, {
    account_id: text((d) => d.account_id),
    id: text((_, n) => ids[n]),
    job_id: text((d) => d.job_id),
    event: text((d) => d.event),
    webhook_url: text((d) => d.webhook_url),
    endpoint: text((_, n) => endpoints[n]),
    headers: jsonb((d) => d.headers),
    webhook_id: text((d, n) => d.webhook_id ?? ids[n]),
    head: text((d) => d.head),
    tail: text((d) => d.tail),
    whole_job: boolean((d) => d.whole_job),
    page_ordinal: int((d) => d.page_ordinal),
    request_id: text((d) => d.request_id),
    traceparent: text((d) => d.traceparent),
    trigger: text((d) => d.trigger),
  });
  await sql`insert into outbox (${batch.columns}) select * from ${batch.as('b')}`.execute(tx);
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
