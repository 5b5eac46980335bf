import type { DbOrTx } from '../../../database/tables.ts';
import { html, type Content, type Html } from '../../../http/html/html.ts';
import { describeJobs } from '../../../jobs/read/describe.ts';
import { deliveriesOfJobs, type DeliveryState } from '../../../webhooks/read/deliveries.ts';
import type { Job } from '../../../jobs/read/jobs.ts';
import { count, duration, time } from '../../view/format.ts';
import { badge, shortUrl } from '../../view/parts.ts';
import { table, type Column } from '../../view/table.ts';
import { deliveryBadge } from '../deliveries/state.ts';

interface Row {
  job: Job;
  url: string | null;
  delivery: DeliveryState | undefined;
}

const COLUMNS: Column<Row>[] = [
  {
    label: 'Job',
    head: true,
    cell: ({ job, url }) =>
      html`<a href="/console/jobs/${job.id}">${url === null ? job.id : shortUrl(url)}</a>
        <span class="sub" title="${job.id}">${job.kind} ${job.id}</span>`,
  },
  { label: 'Status', cell: ({ job }) => badge(job.status) },
  { label: 'Pages', numeric: true, cell: ({ job }) => pagesOf(job) },
  { label: 'Callback', cell: callback },
  { label: 'Took', numeric: true, minor: true, cell: ({ job }) => duration(tookMs(job)) },
  { label: 'Created', minor: true, cell: ({ job }) => time(job.created_at) },
];

function pagesOf(job: Job): Content {
  const done = `${count(job.total - job.remaining)} of ${count(job.total)}`;
  return job.failed === 0 ? done : html`${done} <span class="sub bad">${count(job.failed)} failed</span>`;
}

function callback({ job, delivery }: Row): Content {
  if (job.webhook_url === null) return html`<span class="quiet">none</span>`;
  const state = delivery ? deliveryBadge(delivery) : html`<span class="quiet">when it ends</span>`;
  return html`${state} <span class="sub" title="${job.webhook_url}">${new URL(job.webhook_url).host}</span>`;
}

/** Milliseconds from the creation of an ended job to its end. */
export const tookMs = (job: Job) =>
  job.finished_at === null ? null : job.finished_at.getTime() - job.created_at.getTime();

/** The account's jobs, one per row, with their sites and callbacks. */
export async function jobTable(db: DbOrTx, jobs: Job[], empty: Content): Promise<Html> {
  const called = jobs.filter((job) => job.webhook_url !== null);
  const [described, deliveries] = await Promise.all([
    describeJobs(db, jobs),
    deliveriesOfJobs(
      db,
      jobs[0]?.account_id ?? '',
      called.map((job) => job.id),
    ),
  ]);
  const rows = jobs.map((job, n) => ({
    job,
    url: described[n]!.url,
    delivery: deliveries.get(job.id),
  }));
  return table('Jobs, newest first', COLUMNS, rows, empty);
}
