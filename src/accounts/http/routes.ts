import { Router } from 'express';
import { accountOf } from '../../http/auth.ts';
import { parseBody, parseQuery, rawBody } from '../../http/json-body.ts';
import { invalidField } from '../../http/problem.ts';
import type { Context } from '../../context.ts';
import { readAccount, rotateWebhookSecret } from '../accounts.ts';
import { usageByDay } from '../credits.ts';
import { rotateBody, usageQuery } from './schemas.ts';
import type { SecretBox } from '../secrets.ts';

const DAY_MS = 86_400_000;
const MAX_DAYS = 366;

/** The account itself: what it has, its webhook secret, what it used. */
export function accountRoutes({ db }: Context, box: SecretBox): Router {
  const router = Router();

  router.get('/v1/me', async (_req, res) => {
    const { id, name, plan, credits, webhook_secret, previous_secret_until, created_at } = await readAccount(
      db,
      box,
      accountOf(res),
    );
    res
      .set('Cache-Control', 'no-store')
      .json({ account_id: id, name, plan, credits, webhook_secret, previous_secret_until, created_at });
  });

  router.post('/v1/me/webhook-secret/rotate', rawBody('1kb'), async (req, res) => {
    const { overlap_seconds } = parseBody(req, rotateBody);
    res
      .set('Cache-Control', 'no-store')
      .json(await rotateWebhookSecret(db, box, accountOf(res), overlap_seconds));
  });

  router.get('/v1/me/usage', async (req, res) => {
    const query = parseQuery(req, usageQuery);
    const to = query.to ?? new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS);
    const from = query.from ?? new Date(to.getTime() - 29 * DAY_MS);
    if (from > to) throw invalidField('from', 'must not be after to');
    if (to.getTime() - from.getTime() >= MAX_DAYS * DAY_MS)
      throw invalidField('from', `must be within ${MAX_DAYS} days of to`);
    const data = await usageByDay(db, accountOf(res), from, new Date(to.getTime() + DAY_MS));
    res.json({ data, total: data.reduce((sum, d) => sum + d.credits, 0) });
  });

  return router;
}
