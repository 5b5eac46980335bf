import type { DbOrTx } from '../../database/tables.ts';
import { html, type Content, type Html } from '../../http/html/html.ts';
import { countStuckJobs } from '../../jobs/read/overview.ts';
import { listEndpoints, type EndpointView } from '../../webhooks/endpoints/endpoints.ts';
import { countExhausted, type Backlog } from '../../webhooks/read/activity.ts';
import { plural } from '../view/format.ts';

/** Below this many credits the overview warns. */
const FEW_CREDITS = 100;

/** An endpoint that is backing off, or that accepted no attempt in the last 24 hours. */
export const isFailing = ({ attempts, success_rate, status }: EndpointView) =>
  status !== 'paused' && (status === 'backing_off' || (attempts > 0 && success_rate === 0));

/** What needs the owner's attention, with links to it; null where nothing does. */
export async function attention(
  db: DbOrTx,
  { account_id, credits }: { account_id: string; credits: number },
  backlog: Backlog,
): Promise<Html | null> {
  const [endpoints, exhausted, stuck] = await Promise.all([
    listEndpoints(db, account_id),
    countExhausted(db, account_id),
    countStuckJobs(db, account_id),
  ]);
  const failing = endpoints.filter(isFailing);
  const paused = endpoints.filter(({ status, backlog: waiting }) => status === 'paused' && waiting > 0);
  const items: Content[] = [
    failing.length > 0 &&
      html`<a href="/console/endpoints">${plural(failing.length, 'endpoint')}</a> failing:
        ${failing.slice(0, 3).map((e, n) => html`${n > 0 && ', '}<code>${e.endpoint}</code>`)}`,
    backlog.failing > 0 &&
      html`<a href="/console/deliveries?status=failing">${plural(backlog.failing, 'pending callback')}</a>
        failed at the latest attempt`,
    exhausted > 0 &&
      html`<a href="/console/deliveries?status=exhausted">${plural(exhausted, 'callback')}</a> given up in the
        last 24 hours. <a href="/console/deliveries/recover">Send them again</a>`,
    paused.length > 0 &&
      html`<a href="/console/endpoints">${plural(paused.length, 'endpoint')}</a> paused while callbacks wait`,
    stuck > 0 &&
      html`<a href="/console/jobs?status=running">${plural(stuck, 'job')}</a> without progress for 15 minutes`,
    credits < FEW_CREDITS && html`${plural(credits, 'credit')} left`,
  ].filter((item) => item !== false);
  if (items.length === 0) return null;
  return html`<section class="caution" aria-labelledby="attention">
    <h2 id="attention">Needs attention</h2>
    <ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>
  </section>`;
}
