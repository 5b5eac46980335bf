import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router, type Response } from 'express';
import { z } from 'zod';
import { DELIVERY_STATUSES } from '../../database/enumerations.ts';
import type { SecretBox } from '../../accounts/secrets.ts';
import { parseQuery } from '../../http/validate.ts';
import { cursorParameter, decodeCursor, encodeCursor } from '../../http/pagination.ts';
import { notFound } from '../../service-error.ts';
import type { Context } from '../../context.ts';
import { isId } from '../../ids.ts';
import { bodyChunks } from '../../webhooks/send/body.ts';
import { redeliver } from '../../webhooks/outbox/control.ts';
import {
  listDeliveries,
  readContent,
  readDelivery,
  type DeliveryContent,
  type DeliveryView,
} from '../../webhooks/outbox/history.ts';
import { field, select } from '../view/forms.ts';
import { html, type Content } from '../../http/html.ts';
import { sendPage } from '../view/layout.ts';
import { badge, bytes, count, cut, pager, table, time, type Column } from '../view/parts.ts';
import { sessionOf } from '../session/browser-session.ts';
import { deliveryBody } from './delivery.ts';
import { previewRequest } from './delivery-request.ts';
import { recoverPages } from './recover.ts';

const ROWS = 25;
const listQuery = z.object({
  status: z.enum(['', ...DELIVERY_STATUSES]).optional(),
  webhook_url: z.string().trim().max(4096).optional(),
  id: z.string().trim().max(100).optional(),
  cursor: cursorParameter,
});

const COLUMNS: Column<DeliveryView>[] = [
  {
    label: 'Delivery',
    head: true,
    cell: (d) => html`<a href="/console/deliveries/${d.id}"><code>${d.id}</code></a>`,
  },
  { label: 'Status', cell: (d) => badge(d.status) },
  {
    label: 'To',
    cell: (d) =>
      html`<span class="url">${d.webhook_url.replace(/^https:\/\//, '')}</span
        >${d.event !== 'job.completed' && html` <span class="quiet">${d.event}</span>`}`,
  },
  { label: 'Attempts', numeric: true, cell: (d) => count(d.attempts) },
  { label: 'Latest answer', cell: (d) => latestAnswer(d) },
  { label: 'Size', numeric: true, cell: (d) => bytes(d.body_bytes) },
  { label: 'Created', cell: (d) => time(d.created_at) },
];

function latestAnswer(d: DeliveryView): Content {
  const next =
    d.next_attempt_at !== null && d.attempts > 0
      ? html` <span class="quiet">again ${time(d.next_attempt_at)}</span>`
      : null;
  if (d.last_status === null && d.last_error === null) return html`<span class="quiet">–</span>`;
  return html`${d.last_status ?? d.last_error}${next}`;
}

/** The account's deliveries, one of them with its attempts and its exact bytes, and sending again. */
export function deliveryPages({ db }: Context, box: SecretBox): Router {
  const router = Router();
  router.use('/deliveries/recover', recoverPages(db));

  router.get('/deliveries', async (req, res) => {
    const { status, webhook_url, id, cursor } = parseQuery(req, listQuery);
    if (id !== undefined && isId('dlv', id)) {
      res.redirect(303, `/console/deliveries/${id}`);
      return;
    }
    const filter = {
      status: status === '' ? undefined : status,
      webhook_url: webhook_url === '' ? undefined : webhook_url,
      job_id: id !== undefined && isId('job', id) ? id : undefined,
    };
    const before = decodeCursor(cursor, /^dlv_[0-9a-f]{24}$/);
    const found = await listDeliveries(db, sessionOf(res).account_id, filter, { limit: ROWS + 1, before });
    const { shown, more } = cut(found, ROWS);
    const body = html`<form
        class="filters"
        action="/console/deliveries"
        role="search"
        aria-label="Deliveries"
      >
        ${select('Status', 'status', [['', 'any'], ...DELIVERY_STATUSES.map((s) => [s, s] as const)], status)}
        ${field({ label: 'To', name: 'webhook_url', value: webhook_url, placeholder: 'https://…', className: 'grow' })}
        ${field({ label: 'Delivery or job id', name: 'id', value: id, placeholder: 'dlv_… or job_…' })}
        <button class="button">Show</button>
      </form>
      ${table('Deliveries, newest first', COLUMNS, shown, html`<p>No delivery here. A job with a <code>webhook_url</code> makes one when it ends.</p>`)}
      ${pager('/console/deliveries', { status, webhook_url, id, cursor }, more ? encodeCursor(shown.at(-1)!.id) : null)}`;
    const actions = html`<a class="button" href="/console/deliveries/recover">Recover…</a>`;
    sendPage(res, { title: 'Deliveries', section: 'Deliveries', actions, body });
  });

  async function contentOf(res: Response, id: string): Promise<DeliveryContent> {
    const content = await readContent(db, sessionOf(res).account_id, id);
    if (!content) throw notFound('delivery');
    return content;
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
    await redeliver(db, sessionOf(res).account_id, req.params.id);
    res.redirect(303, `/console/deliveries/${req.params.id}?notice=redelivered`);
  });

  return router;
}
