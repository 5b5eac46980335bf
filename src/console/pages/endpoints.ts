import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { parseValue } from '../../http/route/validate.ts';
import { notFound } from '../../service-error.ts';
import type { Context } from '../../context.ts';
import { checkWebhookUrl } from '../../webhooks/http/check-url.ts';
import {
  cancelPending,
  knowsEndpoint,
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
  type EndpointView,
} from '../../webhooks/endpoints/endpoints.ts';
import { requestIdOf, traceOf } from '../../http/locals.ts';
import type { DirectDispatch } from '../../webhooks/direct/reservation.ts';
import { appendTest } from '../../webhooks/outbox/test-delivery.ts';
import { confirmed, field, postButton, postForm } from '../view/forms.ts';
import { html, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { count, duration, percent, time } from '../view/format.ts';
import { badge, facts } from '../view/parts.ts';
import { NO_PROBLEMS, otherProblems, problemsOf, type FormProblems } from '../view/problems.ts';
import { isFailing } from './attention.ts';
import { auditPage, sessionOf } from '../session/browser-session.ts';
import { MAX_URL_LENGTH } from '../../scrape/page-url.ts';

const testForm = z.object({ webhook_url: z.string().trim().max(MAX_URL_LENGTH) });

/** The endpoints: how each does, pausing and resuming it, and sending a test. */
export function endpointPages({
  db,
  egress,
  dispatch,
}: Context & { dispatch: DirectDispatch | null }): Router {
  const router = Router();

  async function show(res: Response, tried = '', problems = NO_PROBLEMS): Promise<void> {
    const endpoints = await listEndpoints(db, sessionOf(res).account_id);
    const body = html`${testCard(res, tried, problems)}
      <section>
        <h2>Your endpoints</h2>
        ${
          endpoints.length === 0
            ? html`<div class="empty">
                <p>
                  None in the last 24 hours. An endpoint is the host and port of a <code>webhook_url</code>.
                </p>
              </div>`
            : html`<ul class="grid">
                ${endpoints.map((endpoint) => endpointCard(res, endpoint))}
              </ul>`
        }
      </section>`;
    sendPage(res, { title: 'Endpoints', section: 'Endpoints', body }, problems.status);
  }

  async function endpointIn(req: Request, res: Response): Promise<string> {
    const endpoint = String(req.params.endpoint).toLowerCase();
    if (!(await knowsEndpoint(db, sessionOf(res).account_id, endpoint))) throw notFound('endpoint');
    return endpoint;
  }

  router.get('/endpoints', async (_req, res) => {
    await show(res);
  });

  router.post('/endpoints/test', async (req, res) => {
    const { webhook_url } = parseValue(req.body, testForm);
    try {
      await checkWebhookUrl(egress, webhook_url);
    } catch (error) {
      await show(res, webhook_url, problemsOf(error, { names: ['webhook_url'] }));
      return;
    }
    const id = await appendTest(
      { db, dispatch },
      {
        account_id: sessionOf(res).account_id,
        webhook_url,
        headers: null,
        request_id: requestIdOf(res),
        traceparent: traceOf(res),
      },
    );
    await auditPage(db, res, 'delivery.test', id);
    res.redirect(303, `/console/deliveries/${id}`);
  });

  router.post('/endpoints/:endpoint/pause', async (req, res) => {
    const endpoint = await endpointIn(req, res);
    await pauseEndpoint(db, sessionOf(res).account_id, endpoint);
    await auditPage(db, res, 'endpoint.pause', endpoint);
    res.redirect(303, '/console/endpoints?notice=paused');
  });

  router.post('/endpoints/:endpoint/resume', async (req, res) => {
    const endpoint = await endpointIn(req, res);
    await resumeEndpoint(db, sessionOf(res).account_id, endpoint);
    await auditPage(db, res, 'endpoint.resume', endpoint);
    res.redirect(303, '/console/endpoints?notice=resumed');
  });

  router.post('/endpoints/:endpoint/cancel-pending', async (req, res) => {
    const endpoint = await endpointIn(req, res);
    const n = await cancelPending(db, sessionOf(res).account_id, endpoint);
    await auditPage(db, res, 'endpoint.cancel-pending', endpoint);
    res.redirect(303, `/console/endpoints?notice=emptied&n=${n}`);
  });

  return router;
}

function testCard(res: Response, tried: string, problems: FormProblems): Html {
  const form = html`${otherProblems(problems)}
    <div class="row top">
      ${field({
        label: 'Send a test to',
        name: 'webhook_url',
        type: 'url',
        value: tried,
        required: true,
        placeholder: 'https://example.com/hooks',
        problems: problems.fields.webhook_url,
        className: 'grow',
      })}
      <button class="button primary">Send a test</button>
    </div>
    <p class="hint">
      One signed callback through the production path: queue, signature, timeout, retries. You then see its
      attempts.
    </p>`;
  return postForm(res, '/console/endpoints/test', form, 'card');
}

function endpointCard(res: Response, e: EndpointView): Html {
  const path = `/console/endpoints/${encodeURIComponent(e.endpoint)}`;
  const empty = confirmed(
    'Cancel pending',
    html`Takes ${count(e.backlog)} waiting ${e.backlog === 1 ? 'delivery' : 'deliveries'} out of the outbox.
    Each can be sent again later, one by one.`,
    postForm(
      res,
      `${path}/cancel-pending`,
      html`<button class="button danger">Cancel pending deliveries</button>`,
    ),
  );
  return html`<li class="card endpoint">
    <h3><span class="url">${e.endpoint}</span> ${badge(isFailing(e) ? 'failing' : e.status)}</h3>
    ${e.resting_until && html`<p class="quiet">It failed several times in a row. The next attempt is ${time(e.resting_until)}.</p>`}
    ${facts([
      ['Accepted, 24 h', html`${percent(e.success_rate)} <span class="quiet">of ${count(e.attempts)}</span>`],
      ['p95', duration(e.p95_ms)],
      [
        'Pending',
        html`${count(e.backlog)}${e.in_flight > 0 && html` <span class="quiet">${count(e.in_flight)} being sent</span>`}`,
      ],
      ['Oldest due', time(e.oldest_due_at)],
      [
        'Latest answer',
        html`${e.last_status ?? e.last_error ?? '–'}
          <span class="quiet">${e.last_attempt_at && time(e.last_attempt_at)}</span>`,
      ],
      ['Latest failure', e.last_error ?? 'none'],
    ])}
    <div class="actions">
      ${e.status === 'paused' ? postButton(res, `${path}/resume`, 'Resume', 'button primary') : postButton(res, `${path}/pause`, 'Pause')}
      ${e.backlog > 0 && empty}
    </div>
  </li>`;
}
