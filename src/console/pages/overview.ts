import { Router } from 'express';
import { usageByDay, type DayOfUsage } from '../../accounts/credits.ts';
import type { Context } from '../../context.ts';
import { activityByMinute, type MinuteOfWork } from '../../jobs/read/activity.ts';
import { listJobs } from '../../jobs/read/jobs.ts';
import {
  attemptsByHour,
  readBacklog,
  type Backlog,
  type HourOfAttempts,
} from '../../webhooks/read/activity.ts';
import { barChart, lineChart } from '../view/charts.ts';
import { html, type Content, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { count, duration, percent, time } from '../view/format.ts';
import { source } from '../view/parts.ts';
import { sessionOf } from '../session/browser-session.ts';
import { attention } from './attention.ts';
import { curlOf, originOf } from './curl.ts';
import { jobTable } from './jobs/table.ts';

const MINUTES = 60;
const HOURS = 24;
const DAYS = 14;
const DAY_MS = 86_400_000;

/** The account at a glance: what needs attention, figures, charts and the latest jobs. */
export function overviewPage({ db }: Context): Router {
  const router = Router();
  router.get('/', async (req, res) => {
    const { account_id, credits } = sessionOf(res);
    const tomorrow = new Date((Math.floor(Date.now() / DAY_MS) + 1) * DAY_MS);
    const firstDay = new Date(tomorrow.getTime() - DAYS * DAY_MS);
    const [minutes, hours, backlog, usage, jobs] = await Promise.all([
      activityByMinute(db, account_id, MINUTES),
      attemptsByHour(db, account_id, HOURS),
      readBacklog(db, account_id),
      usageByDay(db, account_id, firstDay, tomorrow),
      listJobs(db, account_id, {}, { limit: 8, before: null }),
    ]);
    const started = jobs.length > 0;
    const body = html`${await attention(db, { account_id, credits }, backlog)}
    ${!started && firstCall(originOf(req))} ${figures(credits, backlog, hours)}
    ${
      started &&
      html`<div class="charts">${work(minutes)} ${deliveries(hours)} ${spending(usage, firstDay)}</div>
        <section>
          <h2>Latest jobs</h2>
          ${await jobTable(db, jobs, null)}
        </section>`
    }`;
    sendPage(res, { title: 'Overview', section: 'Overview', body });
  });
  return router;
}

/** For an account without a job: the call to start with. */
function firstCall(origin: string): Html {
  return html`<section class="card">
    <div class="title">
      <h2>Your first page</h2>
      <button type="button" class="copy" data-copy-from="first-call" hidden>Copy</button>
    </div>
    <p>
      Put your key into <code>OLLAGRAPH_API_KEY</code> and run this. Or try a URL in the
      <a href="/console/playground">playground</a>, or <a href="/console/jobs/new">queue a job</a> here.
    </p>
    ${source(curlOf(origin, '/v1/scrape', { url: 'https://example.com/' }), 'curl command', 'first-call')}
  </section>`;
}

function figures(
  credits: number,
  { pending, failing, due, oldest_due_at }: Backlog,
  hours: HourOfAttempts[],
): Html {
  const attempts = hours.reduce((sum, h) => sum + h.succeeded + h.failed, 0);
  const succeeded = hours.reduce((sum, h) => sum + h.succeeded, 0);
  const entries: [string, Content, Content][] = [
    ['Credits left', count(credits), 'one per page that comes back'],
    [
      'Deliveries pending',
      count(pending),
      [due > 0 ? `${count(due)} due now` : 'none due now', failing > 0 && `, ${count(failing)} failing`],
    ],
    [
      'Oldest due',
      oldest_due_at === null ? 'none' : time(oldest_due_at),
      'the delivery that has waited longest',
    ],
    [
      'Attempts accepted, 24 h',
      percent(attempts === 0 ? null : succeeded / attempts),
      `of ${count(attempts)}`,
    ],
  ];
  return html`<dl class="figures">
    ${entries.map(
      ([name, value, note]) =>
        html`<div>
          <dt>${name}</dt>
          <dd><strong>${value}</strong><span class="quiet">${note}</span></dd>
        </div>`,
    )}
  </dl>`;
}

const whole = (n: number) => count(Math.round(n));
const clock = (at: Date) => `${at.toISOString().slice(11, 16)} UTC`;

function work(minutes: MinuteOfWork[]): Html[] {
  const times = minutes.map((m) => m.minute);
  const places = times.map(clock);
  const total = (values: number[]) => whole(values.reduce((sum, n) => sum + n, 0));
  const jobs = minutes.map((m) => m.jobs);
  const pages = minutes.map((m) => m.pages);
  return [
    barChart({
      title: 'Jobs per minute',
      figure: html`${total(jobs)} <small>in the last hour</small>`,
      series: [{ name: 'jobs', tone: 'accent', values: jobs }],
      places,
      times,
      format: whole,
    }),
    barChart({
      title: 'Pages per minute',
      figure: html`${total(pages)} <small>in the last hour</small>`,
      series: [{ name: 'pages', tone: 'accent', values: pages }],
      places,
      times,
      format: whole,
    }),
  ];
}

function deliveries(hours: HourOfAttempts[]): Html[] {
  const times = hours.map((h) => h.hour);
  const places = times.map(clock);
  const latest = hours.findLast((h) => h.p95_ms !== null);
  return [
    barChart({
      title: 'Delivery attempts per hour',
      figure: html`${count(hours.reduce((sum, h) => sum + h.succeeded + h.failed, 0))}
        <small>in 24 hours</small>`,
      series: [
        { name: 'accepted', tone: 'good', values: hours.map((h) => h.succeeded) },
        { name: 'failed', tone: 'bad', values: hours.map((h) => h.failed) },
      ],
      places,
      times,
      format: count,
    }),
    lineChart({
      title: 'Duration of an attempt',
      figure: latest ? html`${duration(latest.p95_ms)} <small>p95 of the latest hour</small>` : html`–`,
      series: [
        { name: 'p50', tone: 'one', values: hours.map((h) => h.p50_ms) },
        { name: 'p95', tone: 'two', values: hours.map((h) => h.p95_ms) },
        { name: 'p99', tone: 'three', values: hours.map((h) => h.p99_ms) },
      ],
      places,
      times,
      format: duration,
    }),
  ];
}

function spending(usage: DayOfUsage[], firstDay: Date): Html {
  const dates = Array.from({ length: DAYS }, (_, n) =>
    new Date(firstDay.getTime() + n * DAY_MS).toISOString().slice(0, 10),
  );
  const spent = dates.map((date) => usage.find((day) => day.date === date)?.credits ?? 0);
  return barChart({
    title: 'Credits per day',
    figure: html`${count(spent.reduce((sum, n) => sum + n, 0))} <small>in ${DAYS} days</small>`,
    series: [{ name: 'credits', tone: 'accent', values: spent }],
    places: dates,
    format: count,
  });
}
