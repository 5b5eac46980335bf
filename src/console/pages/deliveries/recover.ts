import { Router, type Response } from 'express';
import { z } from 'zod';
import { parseQuery, parseValue } from '../../../http/route/validate.ts';
import type { Db } from '../../../database/tables.ts';
import { countRecoverable, recover, type RecoverWindow } from '../../../webhooks/outbox/control.ts';
import { field, postForm } from '../../view/forms.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { sendPage } from '../../view/layout.ts';
import { count } from '../../view/format.ts';
import { fieldTime, localTime } from '../../view/local-time.ts';
import { auditPage, sessionOf } from '../../session/browser-session.ts';
import { MAX_URL_LENGTH } from '../../../scrape/page-url.ts';

const DAY_MS = 86_400_000;
const orNothing = <S extends z.ZodType>(schema: S) =>
  z.union([z.literal('').transform(() => undefined), schema]).optional();
const windowForm = z.object({
  since: localTime,
  until: orNothing(localTime),
  webhook_url: z.string().trim().max(MAX_URL_LENGTH).optional(),
});
const query = z.strictObject({
  since: orNothing(localTime),
  until: orNothing(localTime),
  webhook_url: z.string().trim().max(MAX_URL_LENGTH).optional(),
});

/** Sends again what failed for good in a window: first it counts, then it asks. */
export function recoverPages(db: Db): Router {
  const router = Router();

  router.get('/', async (req, res) => {
    const asked = parseQuery(req, query);
    const chosen = asked.since && windowOf({ ...asked, since: asked.since });
    const n = chosen ? await countRecoverable(db, sessionOf(res).account_id, chosen) : null;
    const since = asked.since ?? new Date(Date.now() - DAY_MS);
    const form = html`<form action="/console/deliveries/recover" class="stack card">
      <div class="row">
        ${field({
          label: 'Created since (UTC)',
          name: 'since',
          type: 'datetime-local',
          value: fieldTime(since),
          required: true,
        })}
        ${field({
          label: 'Until (UTC, open where empty)',
          name: 'until',
          type: 'datetime-local',
          value: asked.until && fieldTime(asked.until),
        })}
      </div>
      ${field({
        label: 'Only to this URL',
        name: 'webhook_url',
        type: 'url',
        value: asked.webhook_url,
        placeholder: 'https://…',
      })}
      <button class="button primary">Count them</button>
    </form>`;
    const body = html`<p class="lead">
        After an outage on your side: sends again all deliveries that were given up.
      </p>
      ${form} ${chosen && n !== null && answer(res, chosen, n)}`;
    sendPage(res, {
      title: 'Recover deliveries',
      section: 'Deliveries',
      back: { href: '/console/deliveries', label: 'Deliveries' },
      body,
    });
  });

  router.post('/', async (req, res) => {
    const window = windowOf(parseValue(req.body, windowForm));
    const n = await recover(db, sessionOf(res).account_id, window);
    await auditPage(db, res, 'delivery.recover');
    res.redirect(303, `/console/deliveries?notice=recovered&n=${n}`);
  });

  return router;
}

function windowOf(form: {
  since: Date;
  until?: Date | undefined;
  webhook_url?: string | undefined;
}): RecoverWindow {
  const { since, until, webhook_url } = form;
  return {
    since,
    until: until ?? null,
    webhook_url: webhook_url === undefined || webhook_url === '' ? null : webhook_url,
  };
}

const hidden = (name: string, value: string) => html`<input type="hidden" name="${name}" value="${value}" />`;

function answer(res: Response, window: RecoverWindow, n: number): Html {
  if (n === 0)
    return html`<div class="empty" role="status"><p>No delivery was given up in this window.</p></div>`;
  return html`<div class="card" role="status">
    <p>
      <strong>${count(n)}</strong> ${n === 1 ? 'delivery was' : 'deliveries were'} given up in this window.
      Each is sent again with the same bytes, its schedule started over.
    </p>
    ${postForm(
      res,
      '/console/deliveries/recover',
      html`${hidden('since', fieldTime(window.since))}
        ${hidden('until', window.until ? fieldTime(window.until) : '')}
        ${hidden('webhook_url', window.webhook_url ?? '')}
        <button class="button primary">Send ${count(n)} again</button>`,
    )}
  </div>`;
}
