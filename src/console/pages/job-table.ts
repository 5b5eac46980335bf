import type { Job } from '../../jobs/read.ts';
import { html, type Content, type Html } from '../../http/html.ts';
import { badge, count, table, time, type Column } from '../view/parts.ts';

const settled = (job: Job) => job.total - job.remaining;

const COLUMNS: Column<Job>[] = [
  {
    label: 'Job',
    head: true,
    cell: (job) => html`<a href="/console/jobs/${job.id}"><code>${job.id}</code></a>`,
  },
  { label: 'Kind', cell: (job) => job.kind },
  { label: 'Status', cell: (job) => badge(job.status) },
  { label: 'Pages', numeric: true, cell: (job) => `${count(settled(job))} of ${count(job.total)}` },
  {
    label: 'Failed',
    numeric: true,
    cell: (job) => (job.failed === 0 ? html`<span class="quiet">0</span>` : count(job.failed)),
  },
  {
    label: 'Callback',
    cell: (job) =>
      job.webhook_url === null ? html`<span class="quiet">none</span>` : new URL(job.webhook_url).host,
  },
  { label: 'Created', cell: (job) => time(job.created_at) },
];

/** Jobs, one a row. */
export function jobTable(jobs: Job[], empty: Content): Html {
  return table('Jobs, newest first', COLUMNS, jobs, empty);
}
