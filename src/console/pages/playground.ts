import { Router, type Response } from 'express';
import { z } from 'zod';
import { parseQuery, parseValue, refuseHostile } from '../../http/route/validate.ts';
import { invalidField, notFound } from '../../service-error.ts';
import { failPending } from '../../jobs/progress/cancel.ts';
import { createJob } from '../../jobs/create.ts';
import type { ScrapeOptions } from '../../jobs/options.ts';
import { findJob, findPage, type PageRow } from '../../jobs/read/jobs.ts';
import { stoppingError } from '../../jobs/read/wait.ts';
import { checkJob } from '../../jobs/http/create/check-job.ts';
import { newJob } from '../../jobs/http/create/new-job.ts';
import { scrapeOptions, scrapeSchema } from '../../jobs/http/schemas/requests.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { FORMATS } from '../../scrape/types.ts';
import { checkbox, field, linesField, postForm } from '../view/forms.ts';
import { flag, html, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { badge, source } from '../view/parts.ts';
import { NO_PROBLEMS, otherProblems, problemsOf, type FormProblems } from '../view/problems.ts';
import { sessionOf } from '../session/browser-session.ts';
import { jobOriginOf } from '../session/job-origin.ts';
import { curlOf, originOf } from './curl.ts';
import { pageBody } from './jobs/page-block.ts';

/** What a page is shown in. `data` needs fields. */
const SHOWN_FORMATS = FORMATS.filter((format) => format !== 'data');
const WAIT_MS = 22_000;
const MAX_FIELDS_CHARS = 20_000;
const form = z.object({
  url: z.string().trim(),
  main: z.string().optional(),
  fields: z.string().trim().max(MAX_FIELDS_CHARS).default(''),
});
const query = z.object({ job: z.string().max(100).optional() });

/** What the form asks for. */
interface Asked {
  url: string;
  main: boolean;
  /** The values to read, as JSON; empty: none. */
  fields: string;
}
type Result = { page: PageRow & { fragment: string | null }; job_id: string; asked: Asked };

/** Scrapes one URL and shows it in every format, with the call that does the same. */
export function playgroundPages(context: JobContext): Router {
  const { db, waiter } = context;
  const router = Router();

  router.get('/playground', async (req, res) => {
    const { job: id } = parseQuery(req, query);
    if (id === undefined) {
      show(res, { url: '', main: true, fields: '' });
      return;
    }
    const job = await findJob(db, sessionOf(res).account_id, id);
    const page = job && (await findPage(db, job, 0));
    if (!job || !page) throw notFound('job');
    const { only_main_content: main, fields: read } = job.options as ScrapeOptions;
    const asked = { url: page.url, main, fields: read ? JSON.stringify(read, null, 2) : '' };
    const more = await result({ page, job_id: job.id, asked }, originOf(req));
    show(res, { ...asked, more });
  });

  router.post('/playground', async (req, res) => {
    const { main, ...given } = parseValue(req.body, form);
    const wanted: Asked = { ...given, main: main !== undefined };
    const { account_id } = sessionOf(res);
    try {
      const asked = parseValue(requestOf(wanted), scrapeSchema);
      const fields = { sync: true, urls: [asked.url], options: scrapeOptions(asked) };
      const scrape = { kind: 'scrape', lane: 'interactive', ...fields } as const;
      const job = newJob(context.config, scrape, jobOriginOf(res));
      await checkJob(context, job);
      const { job_id } = await createJob(context, job);
      const ended = await waiter.wait(account_id, job_id, WAIT_MS);
      if (!ended && waiter.isCut) throw stoppingError();
      if (!ended) await failPending(context, account_id, job_id, { code: 'deadline_exceeded' });
      res.redirect(303, `/console/playground?job=${job_id}`);
    } catch (error) {
      show(res, wanted, problemsOf(error, { names: ['url', 'fields'] }));
    }
  });

  return router;
}

/** The request of the API that stands for the form. Throws ServiceError `validation_failed`. */
function requestOf({ url, main, fields }: Asked) {
  return {
    url,
    formats: fields === '' ? SHOWN_FORMATS : FORMATS,
    ...(main ? {} : { only_main_content: false }),
    ...(fields === '' ? {} : { fields: jsonOf(fields) }),
  };
}

function jsonOf(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidField('fields', 'must be JSON');
  }
  refuseHostile(value, 'fields', 0);
  return value;
}

function show(
  res: Response,
  { url, main, fields: read, more = null }: Asked & { more?: Html | null },
  problems: FormProblems = NO_PROBLEMS,
): void {
  const fields = html`${otherProblems(problems)}
    <div class="row top">
      ${field({
        label: 'URL',
        name: 'url',
        type: 'url',
        value: url,
        required: true,
        placeholder: 'https://example.com/',
        problems: problems.fields.url,
        className: 'grow',
      })}
      <button class="button primary" data-busy="Scraping…">Scrape</button>
    </div>
    ${checkbox('Only the main content', 'main', { checked: main })}
    <details ${flag('open', read !== '')}>
      <summary>Values to read</summary>
      ${linesField({
        label: 'Fields',
        name: 'fields',
        value: read,
        placeholder: '{"price": {"css": ".price", "as": "number"}}',
        hint: 'What each value is called and where it stands, as JSON. The manual has the rules.',
        problems: problems.fields.fields,
      })}
    </details>`;
  const body = html`<p class="lead">
      One page, now, in every format. It costs one credit if the page comes back.
    </p>
    ${postForm(res, '/console/playground', fields, 'card')} ${more}`;
  sendPage(res, { title: 'Playground', section: 'Playground', body }, problems.status);
}

async function result({ page, job_id, asked }: Result, origin: string): Promise<Html> {
  return html`<section>
      <div class="title">
        <h2>Result</h2>
        ${badge(page.status)}
      </div>
      ${await pageBody(page)}
      <p><a href="/console/jobs/${job_id}">Open the job</a></p>
    </section>
    <section>
      <div class="title">
        <h2>The same with curl</h2>
        <button type="button" class="copy button" data-copy-from="curl" hidden>Copy</button>
      </div>
      ${source(curlOf(origin, '/v1/scrape', requestOf(asked)), 'curl command', 'curl')}
    </section>`;
}
