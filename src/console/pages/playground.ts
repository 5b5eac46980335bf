import { Router, type Response } from 'express';
import { z } from 'zod';
import { parseQuery, parseValue } from '../../http/route/validate.ts';
import { requestIdOf, traceOf } from '../../http/locals.ts';
import { ServiceError } from '../../service-error.ts';
import { failPending } from '../../jobs/progress/cancel.ts';
import { createJob } from '../../jobs/create.ts';
import type { ScrapeOptions } from '../../jobs/options.ts';
import { findJob, findPage, type PageRow } from '../../jobs/read/jobs.ts';
import { scrapeOptions, scrapeSchema } from '../../jobs/http/schemas/requests.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { FORMATS } from '../../scrape/types.ts';
import { field, postForm } from '../view/forms.ts';
import { flag, html, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { badge, source } from '../view/parts.ts';
import { sessionOf } from '../session/browser-session.ts';
import { curlOf, originOf } from './curl.ts';
import { pageBody } from './jobs/page-block.ts';

/** What a page is shown in. `data` needs fields. */
const SHOWN_FORMATS = FORMATS.filter((format) => format !== 'data');
const WAIT_MS = 22_000;
const form = z.object({ url: z.string().trim(), main: z.string().optional() });
const query = z.object({ job: z.string().max(100).optional() });

type Result = { page: PageRow & { fragment: string | null }; job_id: string; url: string; main: boolean };

/** Scrapes one URL and shows it in every format, with the call that does the same. */
export function playgroundPages(context: JobContext): Router {
  const { db, waiter } = context;
  const router = Router();

  router.get('/playground', async (req, res) => {
    const { job: id } = parseQuery(req, query);
    const { account_id } = sessionOf(res);
    const job = id === undefined ? null : await findJob(db, account_id, id);
    const page = job && (await findPage(db, job, 0));
    if (!job || !page) {
      show(res, { url: '', main: true, more: null });
      return;
    }
    const main = (job.options as ScrapeOptions).only_main_content;
    const more = await result({ page, job_id: job.id, url: page.url, main }, originOf(req));
    show(res, { url: page.url, main, more });
  });

  router.post('/playground', async (req, res) => {
    const { url, main } = parseValue(req.body, form);
    const { account_id } = sessionOf(res);
    try {
      const asked = parseValue(
        { url, formats: [...SHOWN_FORMATS], only_main_content: main !== undefined },
        scrapeSchema,
      );
      const { job_id } = await createJob(context, {
        account_id,
        kind: 'scrape',
        lane: 'interactive',
        sync: true,
        urls: [asked.url],
        options: scrapeOptions(asked),
        metadata: null,
        webhook_url: null,
        webhook_payload: 'full',
        webhook_headers: null,
        webhook_events: [],
        request_id: requestIdOf(res),
        traceparent: traceOf(res),
        idempotency: null,
      });
      if (!(await waiter.wait(account_id, job_id, WAIT_MS)))
        await failPending(context, account_id, job_id, { code: 'deadline_exceeded' });
      res.redirect(303, `/console/playground?job=${job_id}`);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'validation_failed') throw error;
      const more = html`<p class="problem" role="alert">
        The URL ${error.errors?.[0]?.message ?? 'is not valid'}.
      </p>`;
      show(res, { url, main: main !== undefined, more }, 422);
    }
  });

  return router;
}

interface Shown {
  url: string;
  main: boolean;
  more: Html | null;
}

function show(res: Response, { url, main, more }: Shown, status = 200): void {
  const fields = html`<div class="row">
      ${field({
        label: 'URL',
        name: 'url',
        type: 'url',
        value: url,
        required: true,
        placeholder: 'https://example.com/',
        className: 'grow',
      })}
      <button class="button primary" data-busy="Scraping…">Scrape</button>
    </div>
    <label class="check"
      ><input type="checkbox" name="main" ${flag('checked', main)} /> Only the main content</label
    >`;
  const body = html`<p class="lead">
      One page, now, in every format. It costs one credit if the page comes back.
    </p>
    ${postForm(res, '/console/playground', fields, 'card')} ${more}`;
  sendPage(res, { title: 'Playground', section: 'Playground', body }, status);
}

async function result({ page, job_id, url, main }: Result, origin: string): Promise<Html> {
  return html`<section>
      <div class="title">
        <h2>Result</h2>
        ${badge(page.status)}
      </div>
      ${await pageBody(page)}
      <p><a href="/console/jobs/${job_id}">The job</a></p>
    </section>
    <section>
      <div class="title">
        <h2>The same with curl</h2>
        <button type="button" class="copy button" data-copy-from="curl" hidden>Copy</button>
      </div>
      ${source(curlOf(origin, '/v1/scrape', { url, formats: SHOWN_FORMATS, ...(main ? {} : { only_main_content: false }) }), 'curl command', 'curl')}
    </section>`;
}
