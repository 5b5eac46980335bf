import { setTimeout as sleep } from 'node:timers/promises';
import { sealJson, type SecretBox } from '../../../accounts/secrets.ts';
import type { Context } from '../../../context.ts';
import type { Db } from '../../../database/tables.ts';
import { route } from '../../../http/route/route.ts';
import type { DirectDispatch } from '../../direct/reservation.ts';
import { appendTest } from '../../outbox/test-delivery.ts';
import { checkWebhookUrl } from '../check-url.ts';
import { deliveryAnswer, testWebhookBody } from '../schemas.ts';
import { findDelivery } from './find-delivery.ts';

const POLL_MS = 50;
/** What the route needs of the service. */
type TestContext = Pick<Context, 'db' | 'egress' | 'config'> & {
  box: SecretBox;
  dispatch: DirectDispatch | null;
};

/** A router in front of the service gives up at 30 s. */
const MAX_WAIT_MS = 25_000;

export const testWebhook = route({
  id: 'testWebhook',
  method: 'post',
  path: '/v1/me/webhooks/test',
  tag: 'Deliveries',
  summary: 'Send one signed test delivery',
  description:
    'It takes the same queue, signer, timeout and retries as every other delivery. The answer waits ' +
    'for the first attempt.',
  access: 'account',
  audit: 'delivery.test',
  body: testWebhookBody,
  limits: { bytes: 16 * 1024 },
  example: { webhook_url: 'https://yourapp.com/hooks/ollagraph' },
  answers: { 200: { description: 'The delivery with its first attempt.', schema: deliveryAnswer } },
  async handle(
    { account, body, requestId, traceparent },
    { db, egress, config, box, dispatch }: TestContext,
  ) {
    await checkWebhookUrl(egress, body.webhook_url);
    const { webhook_url, webhook_headers = null } = body;
    const id = await appendTest(
      { db, dispatch },
      {
        account_id: account.id,
        webhook_url,
        headers: sealJson(box, webhook_headers, account.id),
        request_id: requestId,
        traceparent,
      },
    );
    const deadline = Date.now() + Math.min(config.webhookTimeoutMs + 2000, MAX_WAIT_MS);
    while (Date.now() < deadline && !(await firstAttemptEnded(db, account.id, id))) await sleep(POLL_MS);
    return { json: await findDelivery(db, account.id, id), audited: id };
  },
});

async function firstAttemptEnded(db: Db, accountId: string, id: string): Promise<boolean> {
  const attempt = await db
    .selectFrom('attempts')
    .select('finished_at')
    .where('account_id', '=', accountId)
    .where('delivery_id', '=', id)
    .where('number', '=', 1)
    .executeTakeFirst();
  return attempt !== undefined && attempt.finished_at !== null;
}
