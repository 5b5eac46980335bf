import type { Response } from 'express';
import { PAGE_STATUSES, type DeliveryStatus } from '../../database/enumerations.ts';
import type { Job, PageRow } from '../../jobs/read.ts';
import { confirmed, postForm, select } from '../view/forms.ts';
import { html, type Content, type Html } from '../../http/html.ts';
import {
  badge,
  copyable,
  count,
  duration,
  exactTime,
  facts,
  pager,
  source,
  table,
  type Column,
} from '../view/parts.ts';
import { pageBody, reason } from './page-block.ts';

/** One job, and the part of its pages that is shown. */
export interface JobPart {
  job: Job;
  delivery: { id: string; status: DeliveryStatus } | null;
  pages: PageRow[];
  status: string | undefined;
  cursor: string | undefined;
  next: string | null;
}

/** A job's page: progress, what it was asked, its delivery, and its pages (of a single-page job the content at once). */
export async function jobBody(
  res: Response,
  part: JobPart,
  single: (PageRow & { fragment: string | null }) | null,
): Promise<Html> {
  const { job } = part;
  return html`${progress(res, job)} ${about(part)}
    ${
      single
        ? html`<section>
            <h2>Result</h2>
            ${await pageBody(single)}
          </section>`
        : pageList(part)
    }
    <details class="more">
      <summary>What was asked</summary>
      ${source(JSON.stringify(job.options, null, 2), 'Options of the job')}
      ${
        job.metadata !== null &&
        html`<h3>Metadata</h3>
          ${source(pretty(job.metadata), 'Metadata')}`
      }
    </details>`;
}

const pretty = (json: string) => JSON.stringify(JSON.parse(json), null, 2);

const COUNTS = ['total', 'succeeded', 'failed', 'skipped', 'cancelled', 'remaining'] as const;

/** The script follows `data-events` and keeps the bar and the numbers up to date; at the end it loads the page again. */
function progress(res: Response, job: Job): Html {
  const live = job.finished_at === null;
  const done = job.total - job.remaining;
  const stop = confirmed(
    'Cancel',
    'Pages that have not been fetched are dropped. What is done stays, and the callback still fires.',
    postForm(
      res,
      `/console/jobs/${job.id}/cancel`,
      html`<button class="button danger">Cancel the job</button>`,
    ),
  );
  return html`<section
    class="card progress"
    ${live && html` data-events="/console/jobs/${job.id}/events"`}
    aria-label="Progress"
  >
    <div class="bar">
      <label for="progress"
        ><span data-field="settled">${count(done)}</span> of
        <span data-field="total">${count(job.total)}</span> pages</label
      >
      <progress id="progress" max="${job.total}" value="${done}"></progress>
    </div>
    <dl class="counts">
      ${COUNTS.slice(1).map(
        (name) =>
          html`<div class="${name}">
            <dt>${name}</dt>
            <dd data-field="${name}">${count(job[name])}</dd>
          </div>`,
      )}
    </dl>
    ${live && stop}
    <p class="visually-hidden" aria-live="polite" data-announce></p>
  </section>`;
}

function about({ job, delivery }: JobPart): Html {
  const entries: [string, Content][] = [
    ['Id', copyable(job.id, 'the id')],
    ['Created', exactTime(job.created_at)],
    [
      'Finished',
      job.finished_at === null
        ? html`<span class="quiet">not yet</span>`
        : html`${exactTime(job.finished_at)}, after
          ${duration(job.finished_at.getTime() - job.created_at.getTime())}`,
    ],
  ];
  if (job.kind === 'crawl') entries.push(['Site', (job.options as { url?: string }).url]);
  if (job.webhook_url !== null) {
    entries.push(['Callback', job.webhook_url]);
    entries.push([
      'Delivery',
      delivery
        ? html`${badge(delivery.status)}
            <a href="/console/deliveries/${delivery.id}"><code>${delivery.id}</code></a>`
        : html`<span class="quiet">when the job ends</span>`,
    ]);
  }
  return facts(entries);
}

function pageColumns(job: Job): Column<PageRow>[] {
  return [
    { label: 'No.', numeric: true, cell: (page) => count(page.ordinal + 1) },
    {
      label: 'Page',
      head: true,
      cell: (page) =>
        html`<a class="url" href="/console/jobs/${job.id}/pages/${page.ordinal}">${page.url}</a>`,
    },
    { label: 'Status', cell: (page) => badge(page.status) },
    {
      label: 'Answer',
      cell: (page) =>
        page.error_code
          ? html`<span title="${reason(page.error_code)}">${page.error_code}</span>`
          : (page.http_status ?? '–'),
    },
    { label: 'Took', numeric: true, cell: (page) => duration(page.duration_ms) },
  ];
}

function pageList({ job, pages, status, cursor, next }: JobPart): Html {
  const path = `/console/jobs/${job.id}`;
  const options = PAGE_STATUSES.map((name) => [name, name] as const);
  return html`<section id="pages" ${job.finished_at === null && html` data-refresh="2000"`}>
    <div class="title">
      <h2>Pages</h2>
      <form class="filters" action="${path}" role="search" aria-label="Pages">
        ${select('Status', 'status', [['', 'any'], ...options], status)}
        <button class="button">Show</button>
      </form>
    </div>
    ${table('Pages of the job', pageColumns(job), pages, html`<p>No page here.</p>`)}
    ${pager(path, { status, cursor }, next, ['First', 'Next'])}
  </section>`;
}
