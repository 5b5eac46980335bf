import type { Response } from 'express';
import { html, type Content, type Html } from '../../../http/html/html.ts';
import type { Run } from '../../../schedules/runs/runs.ts';
import type { OpenJob } from '../../../schedules/job.ts';
import type { ScheduleRow } from '../../../schedules/schedules.ts';
import { jobText } from '../../../schedules/view.ts';
import { confirmed, postButton, postForm } from '../../view/forms.ts';
import { count, duration, exactTime, time } from '../../view/format.ts';
import { badge, copyable, facts, longUrl } from '../../view/parts.ts';
import { pager, table, type Column } from '../../view/table.ts';

const SKIPPED: Record<NonNullable<Run['skip_reason']>, string> = {
  still_running: 'the run before had not ended',
  out_of_credits: 'too few credits',
  account_suspended: 'the account is suspended',
  job_refused: 'the job is not accepted any more',
};

/** When a schedule runs, in words. */
export function when({ cron, every_seconds, timezone }: ScheduleRow): Content {
  return cron === null
    ? `every ${duration(every_seconds! * 1000)}`
    : html`<code>${cron}</code> <span class="sub">${timezone}</span>`;
}

/**
 * What a run has found, as `+1 ~2 −1`, each number with its word for those who cannot see the sign.
 */
export function changesOf({ added, changed, removed, unchanged }: Run): Content {
  if (added === null) return html`<span class="quiet">–</span>`;
  if (added === 0 && changed === 0 && removed === 0)
    return html`<span class="quiet">nothing in ${count(unchanged!)}</span>`;
  const parts = [
    [added, 'added'],
    [changed!, 'changed'],
    [removed!, 'removed'],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${count(n)} ${word}`)
    .join(', ');
}

const RUNS: Column<Run>[] = [
  {
    label: 'Run',
    head: true,
    cell: ({ run, job_id, trigger }) =>
      html`${job_id === null ? `Run ${run}` : html`<a href="/console/jobs/${job_id}">Run ${run}</a>`}
        <span class="sub">${trigger === 'manual' ? 'by hand' : 'by its time'}</span>`,
  },
  {
    label: 'Status',
    cell: ({ status, skip_reason, skip_detail }) =>
      html`${badge(status)}
      ${skip_reason && html`<span class="sub" title="${skip_detail ?? ''}">${SKIPPED[skip_reason]}</span>`}`,
  },
  {
    label: 'Changes',
    cell: (run) =>
      html`${changesOf(run)}
      ${run.complete === false && html` <span class="sub">may have missed pages</span>`}`,
  },
  {
    label: 'Delivered',
    cell: ({ finished_at, reported }) => (finished_at === null ? '–' : reported ? 'yes' : 'no'),
  },
  { label: 'Started', cell: ({ started_at }) => time(started_at) },
];

interface Shown {
  schedule: ScheduleRow;
  runs: Run[];
  cursor: string | undefined;
  next: string | null;
  change: Html;
  job: OpenJob;
}

/** URLs of a job that a page shows at most. */
const MAX_URLS = 100;

/**
 * The job as it was given, as JSON, without what may be a credential; of a long list the beginning.
 */
function jobShown({ given, metadata }: OpenJob): string {
  const urls = (given.urls ?? []) as string[];
  const more = urls.length - MAX_URLS;
  const cut = more > 0 && { urls: [...urls.slice(0, MAX_URLS), `… and ${count(more)} more`] };
  return jobText({ given: { ...given, ...cut }, metadata }, 2);
}

/** Where a job begins, and how many URLs it has. */
function targetOf({ kind, url }: ScheduleRow, { given }: OpenJob) {
  if (kind !== 'batch') return [[kind === 'crawl' ? 'Site' : 'URL', longUrl(url)]] as const;
  return [
    ['URLs', count((given.urls as string[]).length)],
    ['First URL', longUrl(url)],
  ] as const;
}

/** That the latest run failed, of which a schedule that delivers changes sends nothing. */
function failureOf({ deliver }: ScheduleRow, latest: Run | undefined): Content {
  if (latest?.status !== 'failed') return null;
  const silent = deliver === 'changes' && !latest.reported && ' Nothing was delivered.';
  return html`<p class="caution" role="status">
    Run ${latest.run} failed: <a href="/console/jobs/${latest.job_id}">see its job</a>.${silent}
  </p>`;
}

/**
 * A schedule's page: how it stands, its runs with what they found, and the form that changes it.
 */
export function scheduleBody(res: Response, { schedule, runs, cursor, next, change, job }: Shown): Html {
  const path = `/console/schedules/${schedule.id}`;
  const running = runs.some(({ status }) => status === 'running');
  return html`${schedule.pause_reason && html`<p class="caution" role="status">The key that it runs with was revoked or has expired. Resume it to let it run with the key of this session.</p>`}
    ${facts([
      ...targetOf(schedule, job),
      ['Id', copyable(schedule.id, 'the id')],
      ['When', when(schedule)],
      ['Next run', schedule.next_run_at === null ? '–' : exactTime(schedule.next_run_at)],
      ['Delivers', schedule.deliver === 'changes' ? 'what has changed' : 'every run'],
      ...(schedule.until === null ? [] : [['Until', exactTime(schedule.until)] as const]),
    ])}
    <div class="actions">
      ${schedule.status === 'paused' ? postButton(res, `${path}/resume`, 'Resume') : postButton(res, `${path}/pause`, 'Pause')}
      ${confirmed(
        'Delete',
        'Its runs, and what it knows of pages, go with it. A run that goes on is cancelled. Jobs stay.',
        postForm(res, `${path}/delete`, html`<button class="button danger">Delete the schedule</button>`),
      )}
    </div>
    <section id="runs" ${running && html` data-refresh="2000"`}>
      <div class="title">
        <h2>Runs</h2>
        ${!running && postButton(res, `${path}/run`, 'Run now', 'button primary')}
      </div>
      ${cursor === undefined && failureOf(schedule, runs[0])}
      ${table('Runs, the latest first', RUNS, runs, html`<p>It has not run yet.</p>`)}
      ${pager(path, { cursor }, next, ['Latest', 'Earlier'])}
    </section>
    <section>
      <h2>Change it</h2>
      ${change}
    </section>
    <details class="more">
      <summary>What it runs</summary>
      <pre class="source" tabindex="0" role="group" aria-label="Its job">${jobShown(job)}</pre>
    </details>`;
}
