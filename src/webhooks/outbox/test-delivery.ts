import type { Db } from '../../database/tables.ts';
import { appendInto } from '../direct/append-leased.ts';
import { Reservation, type DirectDispatch } from '../direct/reservation.ts';
import type { NewDelivery } from './append.ts';

/** Where a test delivery goes, with which headers, and the request that asked for it. */
export type TestDelivery = Pick<
  NewDelivery,
  'account_id' | 'webhook_url' | 'headers' | 'request_id' | 'traceparent'
>;

/** Appends a test delivery, which takes the same way as every other. Returns its id. */
export async function appendTest(
  { db, dispatch }: { db: Db; dispatch: DirectDispatch | null },
  target: TestDelivery,
): Promise<string> {
  const { head, tail } = testPayload();
  const test = {
    ...target,
    job_id: null,
    event: 'test',
    webhook_id: null,
    head,
    tail,
    whole_job: false,
    page_ordinals: null,
    trigger: 'test',
  } as const;
  using reservation = await Reservation.make(dispatch, { ...target, urgent: true });
  const id = await db.transaction().execute((tx) => appendInto(tx, reservation, test));
  reservation?.handOver();
  return id;
}

/** What a receiver is sent to try itself on: the form of a finished single-page job. */
function testPayload(): { head: string; tail: string } {
  const page = {
    url: 'https://example.com/',
    final_url: 'https://example.com/',
    status: 'ok',
    http_status: 200,
    content_type: 'text/html; charset=utf-8',
    markdown: '# Hello from Ollagraph\n\nYour endpoint verified a test delivery.',
    metadata: { title: 'Hello from Ollagraph', description: null, language: 'en', canonical_url: null },
    block: null,
    error: null,
    fetched_at: new Date().toISOString(),
    duration_ms: 0,
  };
  return {
    head: JSON.stringify({
      job_id: 'job_test',
      status: 'completed',
      result: page,
      cut_short: false,
      test: true,
    }),
    tail: '',
  };
}
