import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { cancelJob, failPending } from '../../src/jobs/progress/cancel.ts';
import type { PageResult } from '../../src/jobs/progress/page-result.ts';
import { lockJob, settlePages } from '../../src/jobs/progress/settle.ts';
import { failedBlock } from '../../src/scrape/page-block.ts';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** Without workers and a dispatcher: what happens to a job is what the test does to it. */
let idle: TestService;
before(async () => void (idle = await startTestService({ ROLES: 'web' })));
after(async () => await idle[Symbol.asyncDispose]());

type Settled = 'ok' | 'failed' | 'skipped';
type Step =
  | { settle: { ordinal: number; status: Settled }[] }
  /** Several workers settle the same pages at once. */
  | { race: Settled; ordinals: number[]; workers: number }
  | 'cancel'
  | 'give up';

const ordinal = fc.nat({ max: 7 });
const status = fc.constantFrom<Settled>('ok', 'failed', 'skipped');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ settle: fc.array(fc.record({ ordinal, status }), { maxLength: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      race: status,
      ordinals: fc.uniqueArray(ordinal, { minLength: 1, maxLength: 4 }),
      workers: fc.integer({ min: 2, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant('cancel' as const) },
  { weight: 1, arbitrary: fc.constant('give up' as const) },
);

/** The job as it ought to be, in a few lines. */
class Model {
  readonly pages: (Settled | 'pending' | 'cancelled')[];
  status = 'queued';
  constructor(total: number) {
    this.pages = Array.from({ length: total }, () => 'pending');
  }
  get ended(): boolean {
    return !['queued', 'running'].includes(this.status);
  }
  count(which: string): number {
    return this.pages.filter((page) => page === which).length;
  }
  settle(results: { ordinal: number; status: Settled }[]): void {
    if (this.ended) return;
    for (const result of results) {
      if (this.pages[result.ordinal] !== 'pending') continue;
      this.pages[result.ordinal] = result.status;
      this.status = 'running';
    }
    if (this.count('pending') === 0) this.status = this.count('ok') > 0 ? 'completed' : 'failed';
  }
  cancel(): void {
    if (this.ended) return;
    for (const [n, page] of this.pages.entries()) if (page === 'pending') this.pages[n] = 'cancelled';
    this.status = 'cancelled';
  }
}

test('a job, its pages, credits and delivery follow the model in any order of events', async () => {
  const jobs = fc.record({
    total: fc.integer({ min: 1, max: 8 }),
    webhook: fc.boolean(),
    steps: fc.array(step, { maxLength: 10 }),
  });
  await fc.assert(
    fc.asyncProperty(jobs, async ({ total, webhook, steps }) => {
      const granted = await credits();
      const urls = Array.from({ length: total }, (_, n) => `https://example.com/${n}`);
      const webhook_url = webhook ? { webhook_url: 'https://127.0.0.1:4443/hook' } : {};
      const id = await idle.api.queue('/v1/scrape/batch/async', { urls, ...webhook_url });
      const model = new Model(total);
      for (const what of steps) {
        await act(id, what, urls);
        if (what === 'cancel') model.cancel();
        else if (what === 'give up') model.settle(urls.map((_, n) => ({ ordinal: n, status: 'failed' })));
        else if ('settle' in what) model.settle(firsts(what.settle));
        else model.settle(what.ordinals.map((n) => ({ ordinal: n, status: what.race })));
        await assertLike(model, id, webhook);
        assert.equal(granted - (await credits()), model.ended ? model.count('ok') : total);
      }
    }),
    { numRuns: 25 },
  );
  await assertBooksBalance(idle.db);
});

/** Of two results for a page in one batch either may win; the model is given one. */
function firsts(results: { ordinal: number; status: Settled }[]) {
  return [...new Map(results.toReversed().map((result) => [result.ordinal, result])).values()].toReversed();
}

async function act(id: string, what: Step, urls: string[]): Promise<void> {
  if (what === 'cancel') await cancelJob(idle.context, idle.account.id, id);
  else if (what === 'give up')
    await failPending(idle.context, idle.account.id, id, { code: 'internal_error' });
  else if ('settle' in what) await settle(id, firsts(what.settle), urls);
  else {
    const results = what.ordinals.map((n) => ({ ordinal: n, status: what.race }));
    await Promise.all(Array.from({ length: what.workers }, () => settle(id, results, urls)));
  }
}

async function settle(
  id: string,
  results: { ordinal: number; status: Settled }[],
  urls: string[],
): Promise<void> {
  const { db, boss } = idle.context;
  const real = results.filter(({ ordinal: n }) => n < urls.length).map((result) => resultOf(result, urls));
  await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, idle.account.id, id);
    if (job) await settlePages({ tx, boss }, job, real);
  });
}

function resultOf(
  { ordinal: n, status: to }: { ordinal: number; status: Settled },
  urls: string[],
): PageResult {
  const fetched_at = new Date();
  const facts = {
    finalUrl: null,
    httpStatus: null,
    contentType: null,
    code: 'timeout',
    durationMs: 1,
  } as const;
  const fragment = failedBlock({ ...facts, url: urls[n]!, status: 'failed', fetchedAt: fetched_at });
  return {
    ordinal: n,
    url: urls[n]!,
    status: to,
    fragment,
    http_status: null,
    error_code: to === 'ok' ? null : 'timeout',
    duration_ms: 1,
    fetched_at,
    links: null,
    aliases: [],
    answered: null,
  };
}

async function assertLike(model: Model, id: string, webhook: boolean): Promise<void> {
  const { rows: pages } = await sql<{
    status: string;
  }>`select status from pages where job_id = ${id} order by ordinal`.execute(idle.db);
  assert.deepEqual(
    pages.map((page) => page.status),
    model.pages,
  );
  const job = await idle.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const { status: now, total, remaining, succeeded, failed, skipped, cancelled } = job;
  assert.deepEqual(
    [now, total, remaining, succeeded, failed, skipped, cancelled],
    [
      model.status,
      model.pages.length,
      ...['pending', 'ok', 'failed', 'skipped', 'cancelled'].map((which) => model.count(which)),
    ],
  );
  const { rows: deliveries } = await sql`select id from outbox where job_id = ${id}`.execute(idle.db);
  assert.equal(deliveries.length, webhook && model.ended ? 1 : 0);
}

async function credits(): Promise<number> {
  return (await idle.api('GET', '/v1/me')).json.credits;
}
