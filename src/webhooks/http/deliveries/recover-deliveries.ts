import type { Context } from '../../../context.ts';
import { route } from '../../../http/route/route.ts';
import { countRecoverable, recover } from '../../outbox/control.ts';
import { recoverAnswer, recoverBody } from '../schemas.ts';

export const recoverDeliveries = route({
  id: 'recoverDeliveries',
  method: 'post',
  path: '/v1/deliveries/recover',
  tag: 'Deliveries',
  summary: 'Send again all deliveries that failed for good in a window of time',
  description: 'With `dry_run` it only counts them.',
  access: 'account',
  audit: 'delivery.recover',
  body: recoverBody,
  limits: { bytes: 16 * 1024 },
  example: { since: '2026-01-31T00:00:00Z', dry_run: true },
  answers: {
    200: { description: 'With `dry_run`: how many there are.', schema: recoverAnswer },
    202: { description: 'They are due now.', schema: recoverAnswer },
  },
  async handle({ account, body }, { db }: Pick<Context, 'db'>) {
    const { since, until, webhook_url, dry_run } = body;
    const window = { since, until: until ?? null, webhook_url: webhook_url ?? null };
    const deliveries = await (dry_run ? countRecoverable : recover)(db, account.id, window);
    return {
      status: dry_run ? 200 : 202,
      json: { deliveries, dry_run },
      ...(dry_run ? { audited: null } : {}),
    };
  },
});
