import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router, type Response } from 'express';
import { z } from 'zod';
import type { SecretBox } from '../../../accounts/secrets.ts';
import { parseQuery } from '../../../http/route/validate.ts';
import { cursorParameter, decodeCursor, encodeCursor } from '../../../http/pagination.ts';
import { notFound } from '../../../service-error.ts';
import type { Context } from '../../../context.ts';
import { isId } from '../../../ids.ts';
import { bodyChunks } from '../../../webhooks/send/body.ts';
import { withLink } from '../../../webhooks/send/link.ts';
import type { DirectDispatch } from '../../../webhooks/direct/reservation.ts';
import { redeliver } from '../../../webhooks/outbox/control.ts';
import {
  listDeliveries,
  readContent,
  readDelivery,
  type DeliveryContent,
  type DeliveryFilter,
  type DeliveryView,
} from '../../../webhooks/read/deliveries.ts';
import { anyOf, field, select } from '../../view/forms.ts';
import { html, type Content, type Html } from '../../../http/html/html.ts';
import { sendPage } from '../../view/layout.ts';
import { bytes, count, time } from '../../view/format.ts';
import { shortUrl } from '../../view/parts.ts';
import { cut, pager, table, type Column } from '../../view/table.ts';
import { auditPage, sessionOf } from '../../session/browser-session.ts';
import { deliveryBody } from './delivery.ts';
import { DELIVERY_STATES, deliveryBadge, filterOf } from './state.ts';
import { previewRequest } from './request.ts';
import { recoverPages } from './recover.ts';
import { MAX_URL_LENGTH } from '../../../scrape/page-url.ts';

const ROWS = 25;
const listQuery = z.strictObject({
  status: z.enum(['', ...DELIVERY_STATES]).optional(),
  webhook_url: z.string().trim().max(MAX_URL_LENGTH).optional(),
  id: z.string().trim().max(100).optional(),
  cursor: cursorParameter,
  notice: z.string().optional(),
  n: z.string().optional(),
});

const COLUMNS: Column<DeliveryView>[] = [
  {
    label: 'Delivery',
    head: true,
    cell: (d) =>
      html`<a href="/console/deliveries/${d.id}">${shortUrl(d.webhook_url)}</a>
        <span class="sub">${d.id}${d.event !== 'job.completed' && ` ${d.event}`}</span>`,
  },
  { label: 'Status', cell: (d) => deliveryBadge(d) },
  { label: 'Latest answer', cell: latestAnswer },
  { label: 'Attempts', numeric: true, cell: (d) => count(d.attempts) },
  { label: 'Size', numeric: true, minor: true, cell: (d) => bytes(d.body_bytes) },
  { label: 'Created', minor: true, cell: (d) => time(d.created_at) },
];

function latestAnswer(d: DeliveryView): Content {
  const answer = d.last_status ?? d.last_error;
  if (answer === null) return html`<span class="quiet">–</span>`;
  return html`${answer}${d.next_attempt_at !== null && html` <span class="sub">again ${time(d.next_attempt_at)}</span>`}`;
}

const noDelivery = (filter: DeliveryFilter) =>
  Object.values(filter).some((value) => value !== undefined)
    ? html`<p>No delivery matches.</p>`
    : html`<p>No delivery yet. A job with a <code>webhook_url</code> makes one when it ends.</p>`;

/** What is wrong with the id that was searched for; null where it can be found. */
function problemOfId(id: string | undefined): Html | null {
  if (id === undefined || id === '' || isId('job', id) || isId('dlv', id)) return null;
  return html`<p class="problem" role="alert">“${id}” is not the id of a delivery or of a job.</p>`;
}

/** The list of deliveries, the page of one, its exact body, and redelivery. */
export function deliveryPages(
  { db, config, dispatch }: Context & { dispatch: DirectDispatch | null },
  box: SecretBox,
): Router {
  const router = Router();
  router.use('/deliveries/recover', recoverPages(db));

  router.get('/deliveries', async (req, res) => {
    const { status, webhook_url, id, cursor } = parseQuery(req, listQuery);
    if (id !== undefined && isId('dlv', id)) {
      res.redirect(303, `/console/deliveries/${id}`);
      return;
    }
    const filter = {
      ...filterOf(status === '' ? undefined : status),
      webhook_url: webhook_url === '' ? undefined : webhook_url,
      job_id: id !== undefined && isId('job', id) ? id : undefined,
    };
    const before = decodeCursor(cursor, /^dlv_[0-9a-f]{24}$/);
    const wrongId = problemOfId(id);
    const found =
      wrongId === null
        ? await listDeliveries(db, sessionOf(res).account_id, filter, { limit: ROWS + 1, before })
        : [];
    const { shown, more } = cut(found, ROWS);
    const next = more ? encodeCursor(shown.at(-1)!.id) : null;
    const body = html`<form
        class="filters"
        action="/console/deliveries"
        role="search"
        aria-label="Deliveries"
      >
        ${select({ label: 'Status', name: 'status', options: anyOf(DELIVERY_STATES), value: status })}
        ${field({
          label: 'To this URL',
          name: 'webhook_url',
          value: webhook_url,
          placeholder: 'https://…',
          className: 'grow',
        })}
        ${field({ label: 'Delivery or job id', name: 'id', value: id, placeholder: 'dlv_… or job_…' })}
        <button class="button">Show</button>
      </form>
      ${wrongId ?? table('Deliveries, newest first', COLUMNS, shown, noDelivery(filter))}
      ${pager('/console/deliveries', { status, webhook_url, id, cursor }, next)}`;
    const actions = html`<a class="button" href="/console/deliveries/recover">Recover…</a>`;
    sendPage(res, { title: 'Deliveries', section: 'Deliveries', actions, body });
  });

  async function contentOf(res: Response, id: string): Promise<DeliveryContent> {
    const content = await readContent(db, sessionOf(res).account_id, id);
    if (!content) throw notFound('delivery');
    return await withLink({ db, config }, content);
  }

  router.get('/deliveries/:id', async (req, res) => {
    const { account_id } = sessionOf(res);
    const delivery = await readDelivery(db, account_id, req.params.id);
    if (!delivery) throw notFound('delivery');
    const request = await previewRequest(db, box, await contentOf(res, delivery.id));
    sendPage(res, {
      title: delivery.event === 'test' ? 'Test delivery' : 'Delivery',
      section: 'Deliveries',
      back: { href: '/console/deliveries', label: 'Deliveries' },
      body: deliveryBody(res, delivery, request),
    });
  });

  router.get('/deliveries/:id/body', async (req, res) => {
    const content = await contentOf(res, req.params.id);
    res.type('application/json').attachment(`${content.id}.json`);
    await pipeline(Readable.from(bodyChunks(db, content)), res);
  });

  router.post('/deliveries/:id/redeliver', async (req, res) => {
    await redeliver({ db, dispatch }, sessionOf(res).account_id, req.params.id);
    await auditPage(db, res, 'delivery.redeliver', req.params.id);
    res.redirect(303, `/console/deliveries/${req.params.id}?notice=redelivered`);
  });

  return router;
}
