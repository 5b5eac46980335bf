import type { Response } from 'express';
import { PAGE_STATUSES, type JobKind } from '../../../database/enumerations.ts';
import type { DeliveryState } from '../../../webhooks/read/deliveries.ts';
import type { RunDescription } from '../../../jobs/read/describe.ts';
import type { Job, PageRow } from '../../../jobs/read/jobs.ts';
import type { ResultFormat } from '../../../jobs/read/result.ts';
import { anyOf, confirmed, postForm, select } from '../../view/forms.ts';
import { html, type Content, type Html } from '../../../http/html/html.ts';
import { count, duration, exactTime, plural } from '../../view/format.ts';
import { badge, copyable, facts, longUrl, shortUrl, source } from '../../view/parts.ts';
import { pager, table, type Column } from '../../view/table.ts';
import { deliveryBadge } from '../deliveries/state.ts';
import { tookMs } from './table.ts';
import { pageBody, reason } from './page-block.ts';

/** One job, and the part of its pages that is shown. */
export interface JobPart {
  job: Job;
  url: string | null;
  /** What an ended run of a schedule has found out. */
  found: RunDescription | null;
  delivery: DeliveryState | undefined;
  /** Why pages failed, the most frequent reason first. */
  errors: { error_code: string; pages: number }[];
  pages: PageRow[];
  status: string | undefined;
  cursor: string | undefined;
  next: string | null;
}

/**
 * A job's page: why it failed, its progress, options and delivery, and its pages. A single page is
 * shown at once.
 */
export async function jobBody(
  res: Response,
  part: JobPart,
  single: (PageRow & { fragment: string | null }) | null,
): Promise<Html> {
  const { job } = part;
  return html`${whyItEnded(part)} ${progress(res, job)} ${downloads(job)} ${about(part)} ${changesOf(part)}
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
          ${source(job.metadata, 'Metadata')}`
      }
    </details>`;
}

/** The whole result as a file, once the job has ended. */
function downloads({ id, finished_at }: Job): Html | null {
  if (finished_at === null) return null;
  const link = (format: ResultFormat, label: string) =>
    html`<a class="button" href="/console/jobs/${id}/result?format=${format}">${label}</a>`;
  return html`<section class="actions downloads" aria-labelledby="downloads">
    <span id="downloads">Download the result</span> ${link('json', 'JSON')} ${link('jsonl', 'JSON lines')}
    ${link('csv', 'CSV')}
  </section>`;
}

/** Why a job failed, or came back in part. */
function whyItEnded({ job, errors }: JobPart): Html | null {
  if (job.status === 'cancelled')
    return html`<p class="hint notice idle">The job was cancelled. What was done by then is kept.</p>`;
  if (errors.length === 0 || job.finished_at === null) return null;
  const said = errors.map(
    ({ error_code, pages }) =>
      html`<li>
        <code>${error_code}</code> ${reason(error_code)} <span class="sub">${plural(pages, 'page')}</span>
      </li>`,
  );
  return html`<div class="${job.status === 'failed' ? 'problem' : 'caution'}" role="status">
    <p>
      <strong
        >${job.status === 'failed' ? 'No page came back.' : `${plural(job.failed, 'page')} did not come back.`}</strong
      >
    </p>
    <ul>
      ${said}
    </ul>
  </div>`;
}

/** URLs of removed pages that are shown; the route of the run has all of them. */
const MAX_REMOVED = 200;

/** What a run of a schedule has found out. */
function changesOf({ job, found }: JobPart): Html | null {
  if (job.schedule_id === null) return null;
  const schedule = html`<p>
    Run ${job.run} of <a href="/console/schedules/${job.schedule_id}">its schedule</a>.
  </p>`;
  if (found === null) return schedule;
  const { changes, removed, complete } = found;
  return html`<section class="card">
    <h2>Changes</h2>
    ${schedule}
    <dl class="counts">
      ${Object.entries(changes).map(
        ([name, pages]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${count(pages)}</dd>
          </div>`,
      )}
    </dl>
    ${!complete && html`<p class="hint">The run may have missed pages, so that none counts as removed.</p>`}
    ${
      removed.length > 0 &&
      html`<details class="more">
        <summary>${plural(changes.removed, 'removed page')}</summary>
        <ul class="links">
          ${removed.slice(0, MAX_REMOVED).map((url) => html`<li><span class="url">${url}</span></li>`)}
        </ul>
      </details>`
    }
  </section>`;
}

const COUNTS = ['total', 'succeeded', 'failed', 'skipped', 'cancelled', 'blocked', 'remaining'] as const;

/**
 * The script follows `data-events`: it keeps the bar and the numbers current, and reloads the page
 * at the end.
 */
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
    class="card progress ${job.status}"
    ${live && html` data-events="/console/jobs/${job.id}/events"`}
    aria-label="Progress"
  >
    <div class="bar">
      <label for="progress"
        ><span data-field="settled">${count(done)}</span> of
        <span data-field="total">${count(job.total)}</span> ${job.total === 1 ? 'page' : 'pages'}</label
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

/** What the URL is that a job is called by. */
const ADDRESS: Record<JobKind, string> = { scrape: 'URL', batch: 'First URL', crawl: 'Site', map: 'Site' };

function about({ job, url, delivery }: JobPart): Html {
  const entries: [string, Content][] = [
    ...(url === null ? [] : [[ADDRESS[job.kind], longUrl(url)] as [string, Content]]),
    ['Id', copyable(job.id, 'the id')],
    ['Created', exactTime(job.created_at)],
    [
      'Finished',
      job.finished_at === null
        ? html`<span class="quiet">not yet</span>`
        : html`${exactTime(job.finished_at)}, after
          ${duration(tookMs(job))}${job.cut_short && ', when the time of finish_within was up'}`,
    ],
  ];
  if (job.webhook_url !== null) {
    entries.push(['Callback', longUrl(job.webhook_url)]);
    entries.push([
      'Delivery',
      delivery
        ? html`${deliveryBadge(delivery)}
            <a href="/console/deliveries/${delivery.id}"><code>${delivery.id}</code></a>`
        : html`<span class="quiet"
            >${job.finished_at === null ? 'when the job ends' : 'none: nothing has changed'}</span
          >`,
    ]);
  }
  return facts(entries);
}

function pageColumns(job: Job): Column<PageRow>[] {
  return [
    { label: 'No.', numeric: true, minor: true, cell: (page) => count(page.ordinal + 1) },
    {
      label: 'Page',
      head: true,
      cell: (page) => html`<a href="/console/jobs/${job.id}/pages/${page.ordinal}">${shortUrl(page.url)}</a>`,
    },
    {
      label: 'Status',
      cell: (page) => html`${badge(page.status)} ${page.change && badge(page.change)}`,
    },
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
  return html`<section id="pages" ${job.finished_at === null && html` data-refresh="2000"`}>
    <div class="title">
      <h2>Pages</h2>
      <form class="filters" action="${path}" role="search" aria-label="Pages">
        ${select({ label: 'Status', name: 'status', options: anyOf(PAGE_STATUSES), value: status })}
        <button class="button">Show</button>
      </form>
    </div>
    ${table('Pages of the job', pageColumns(job), pages, html`<p>${status === undefined ? 'No page yet.' : 'No page has this status.'}</p>`)}
    ${pager(path, { status, cursor }, next, ['First', 'Next'])}
  </section>`;
}
