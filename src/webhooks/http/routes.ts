import { setTimeout as sleep } from 'node:timers/promises';
import { Router, type Response } from 'express';
import { accountOf, requestIdOf } from '../../http/auth.ts';
import { parseBody, parseNothing, parseQuery, rawBody } from '../../http/json-body.ts';
import { decodeCursor, encodeCursor } from '../../http/pagination.ts';
import { notFound } from '../../http/problem.ts';
import { traceOf } from '../../http/request-trace.ts';
import type { Context } from '../../context.ts';
import { checkWebhookUrl } from './check-url.ts';
import { countRecoverable, recover, redeliver } from '../outbox/control.ts';
import { listDeliveries, readDelivery } from '../outbox/history.ts';
import { deliveryListQuery, recoverBody, testWebhookBody } from './schemas.ts';
import { appendTest } from '../outbox/test-delivery.ts';

const TEST_POLL_MS = 50;

/** The history of deliveries, and sending again. */
export function webhookRoutes(context: Context): Router {
  const { db, egress, config } = context;
  const router = Router();

  async function answer(res: Response, id: string, status = 200): Promise<void> {
    const delivery = await readDelivery(db, accountOf(res), id);
    if (!delivery) throw notFound('delivery');
    res.status(status).json(delivery);
  }

  router.get('/v1/deliveries', async (req, res) => {
    const { limit, cursor, ...filter } = parseQuery(req, deliveryListQuery);
    const found = await listDeliveries(
      db,
      accountOf(res),
      filter,
      limit + 1,
      decodeCursor(cursor, /^dlv_[0-9a-f]{24}$/),
    );
    const data = found.slice(0, limit);
    res.json({ data, next_cursor: found.length > limit ? encodeCursor(data.at(-1)!.id) : null });
  });

  router.get('/v1/deliveries/:id', async (req, res) => {
    await answer(res, req.params.id);
  });

  router.post('/v1/deliveries/recover', rawBody('16kb'), async (req, res) => {
    const { since, until, webhook_url, dry_run } = parseBody(req, recoverBody);
    const window = { since, until: until ?? null, webhook_url: webhook_url ?? null };
    const count = dry_run
      ? await countRecoverable(db, accountOf(res), window)
      : await recover(db, accountOf(res), window);
    res.status(dry_run ? 200 : 202).json({ deliveries: count, dry_run });
  });

  router.post('/v1/deliveries/:id/redeliver', rawBody('1kb'), async (req, res) => {
    parseNothing(req);
    const id = String(req.params.id);
    if (!(await redeliver(db, accountOf(res), id))) throw notFound('delivery');
    await answer(res, id, 202);
  });

  router.post('/v1/me/webhooks/test', rawBody('16kb'), async (req, res) => {
    const { webhook_url } = parseBody(req, testWebhookBody);
    await checkWebhookUrl(egress, webhook_url);
    const account_id = accountOf(res);
    const id = await appendTest(db, account_id, webhook_url, {
      request_id: requestIdOf(res),
      traceparent: traceOf(res),
    });
    const patience = Date.now() + Math.min(config.webhookTimeoutMs + 2000, 25_000);
    while (Date.now() < patience && !(await firstAttemptEnded(account_id, id))) await sleep(TEST_POLL_MS);
    await answer(res, id);
  });

  async function firstAttemptEnded(accountId: string, id: string): Promise<boolean> {
    const attempt = await db
      .selectFrom('attempts')
      .select('finished_at')
      .where('account_id', '=', accountId)
      .where('delivery_id', '=', id)
      .where('number', '=', 1)
      .executeTakeFirst();
    return attempt !== undefined && attempt.finished_at !== null;
  }

  return router;
}
