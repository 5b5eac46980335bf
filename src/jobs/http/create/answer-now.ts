import type { Reply } from '../../../http/route/reply.ts';
import { ServiceError } from '../../../service-error.ts';
import { cancelJob, failPending } from '../../progress/cancel.ts';
import { findJob } from '../../read/jobs.ts';
import { stoppingError } from '../../read/wait.ts';
import type { JobContext } from '../context.ts';
import { resultText } from '../result-text.ts';
import { createRequestedJob, type JobFields, type ScrapeRequest } from './new-job.ts';

/** A synchronous answer is complete within this time. */
export const SYNC_BUDGET_MS = 25_000;

/**
 * Creates a job, waits for its end, and answers with its result. Pages that are not done within
 * `budgetMs` fail. When the caller hangs up, the job is cancelled, unless its Idempotency-Key lets
 * the caller ask for it again.
 */
export async function answerNow(
  request: ScrapeRequest,
  context: JobContext,
  fields: JobFields,
  budgetMs: number,
): Promise<Reply> {
  const { db, waiter } = context;
  const { account, signal, idempotencyKey } = request;
  const { id: accountId } = account;
  const hangUp = idempotencyKey === null ? signal : undefined;
  const { job_id, repeated } = await createRequestedJob(request, context, fields);
  if (repeated && (await findJob(db, accountId, job_id))?.finished_at === null)
    throw new ServiceError('idempotency_busy', 'The first request with this key is still running.', {
      retryAfterSeconds: 1,
    });
  if (!(await waiter.wait(accountId, job_id, budgetMs, hangUp))) {
    if (hangUp?.aborted) await cancelJob(context, accountId, job_id);
    else if (waiter.isCut) await giveUp(context, request, job_id);
    else await failPending(context, accountId, job_id, { code: 'deadline_exceeded' });
  }
  const job = await findJob(db, accountId, job_id);
  if (!job) throw new ServiceError('not_found', 'The job of this Idempotency-Key has been removed.');
  return { body: resultText(db, job) };
}

/**
 * This process stops before the job has ended. With an Idempotency-Key the same request finds the
 * job again; without one nobody could, so that it is cancelled.
 */
async function giveUp(
  context: JobContext,
  { account, idempotencyKey }: ScrapeRequest,
  jobId: string,
): Promise<never> {
  if (idempotencyKey === null) await cancelJob(context, account.id, jobId);
  throw stoppingError();
}
