import { z } from 'zod';
import { withoutUndefined } from './scrape-options.ts';

const EVENTS = ['started', 'page', 'completed', 'failed'] as const;

/** Firecrawl's webhook: an address, or an object. */
export const webhookField = z
  .union([
    z.string(),
    z.strictObject({
      url: z.string(),
      headers: z.record(z.string(), z.string()).nullish(),
      metadata: z.record(z.string(), z.unknown()).nullish(),
      events: z.array(z.enum(EVENTS)).nullish(),
    }),
  ])
  .nullish();
type Webhook = z.infer<typeof webhookField>;

/** Our events for Firecrawl's. Our one event for the end of a job covers both outcomes. */
const OWN_EVENTS = {
  started: 'job.started',
  page: 'job.page',
  completed: 'job.completed',
  failed: 'job.completed',
} as const;

/** The fields of our own request for Firecrawl's webhook. */
export function webhookFields(webhook: Webhook): Record<string, unknown> {
  if (webhook == null) return {};
  if (typeof webhook === 'string') return webhookFields({ url: webhook });
  const events = webhook.events ?? EVENTS;
  return withoutUndefined({
    webhook_url: webhook.url,
    webhook_headers: webhook.headers ?? undefined,
    webhook_events: events.length === 0 ? undefined : [...new Set(events.map((event) => OWN_EVENTS[event]))],
    metadata: webhook.metadata ?? undefined,
  });
}
