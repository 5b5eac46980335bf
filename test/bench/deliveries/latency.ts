import { setTimeout as sleep } from 'node:timers/promises';
import { append } from '../../../src/webhooks/outbox/append.ts';
import type { Stage } from './stage.ts';

const BODY = JSON.stringify({ job_id: 'job_x', status: 'completed', result: 'x'.repeat(960) });

/**
 * Appends `perSecond` deliveries a second for `seconds`, each in a transaction of its own, to the
 * accounts in turn, and returns for each the milliseconds from its commit to its arrival. Both
 * clocks are the machine's.
 */
export async function steady(
  stage: Stage,
  accounts: string[],
  perSecond: number,
  seconds: number,
): Promise<number[]> {
  await stage.stats('reset');
  const committed = new Map<string, number>();
  const start = performance.now();
  const inFlight: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const wait = start + (n * 1000) / perSecond - performance.now();
    if (wait > 1) await sleep(wait);
    inFlight.push(appendOne(stage, accounts[n % accounts.length]!, committed));
  }
  await Promise.all(inFlight);
  for (let patience = 0; patience < 100 && (await stage.stats()).count < committed.size; patience++)
    await sleep(100);
  const { arrivals } = await stage.stats('arrivals');
  const arrived = new Map(arrivals.toReversed());
  return [...committed].map(([id, at]) => (arrived.get(id) ?? Number.POSITIVE_INFINITY) - at);
}

async function appendOne(stage: Stage, account_id: string, committed: Map<string, number>): Promise<void> {
  const [id = ''] = await stage.database.db.transaction().execute((tx) =>
    append(tx, [
      {
        account_id,
        job_id: null,
        event: 'job.completed',
        webhook_url: `${stage.receiverUrl}/hook`,
        headers: null,
        webhook_id: null,
        head: BODY,
        tail: '',
        whole_job: false,
        page_ordinals: null,
        trigger: 'schedule',
      },
    ]),
  );
  committed.set(id, performance.timeOrigin + performance.now());
}
