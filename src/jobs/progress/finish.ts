import { sql } from 'kysely';
import { type EndedJobStatus } from '../../database/enumerations.ts';
import { endRun } from '../../changes/end-run.ts';
import { runOf } from '../../changes/known-pages.ts';
import { releaseCredits } from '../../accounts/credits.ts';
import { crashPoint } from '../../crash-point.ts';
import type { Tx } from '../../database/tables.ts';
import type { Log } from '../../log.ts';
import { notify } from '../../database/notifications.ts';
import { startSpan, traceparentOf, type Span } from '../../tracing.ts';
import type { Reservation } from '../../webhooks/direct/reservation.ts';
import { announceEnd } from '../events/announce.ts';
import type { Job } from '../read/jobs.ts';
import { forgetDeadline } from './deadlines.ts';
import { startedAt } from './start.ts';

/** The end of a job, to be logged when the transaction has committed. */
export interface JobEnd {
  /** The fields of the log line: ids, status and counts. */
  fields: object;
  /** From the job's creation to its end; its delivery's attempts are children of it. */
  span: Span;
}

/**
 * Ends a job whose pages have all settled, in the caller's transaction: its status, the credits
 * that it did not use, and its one delivery where it has a webhook; a run of a schedule that has
 * nothing to report has none. What it kept sealed is dropped. `job` carries the final counts, which
 * are stored; its row is locked. The delivery goes into the reserved room where there is one.
 */
export async function finishJob(
  tx: Tx,
  job: Job,
  status: EndedJobStatus,
  reservation: Reservation | null = null,
): Promise<JobEnd> {
  const { id, kind, total, succeeded } = job;
  const span = startSpan('job', {
    parent: job.traceparent,
    startTime: job.created_at,
    attributes: {
      'ollagraph.job_id': id,
      'ollagraph.job_kind': kind,
      'ollagraph.job_status': status,
      'ollagraph.pages': total,
      'ollagraph.pages_succeeded': succeeded,
    },
  });
  // Before the account's row is locked: creating the next run locks that last, too.
  const run = runOf(job);
  const end = run && (await endRun(tx, job, run, status));
  const webhook_events = end?.reported === false ? [] : job.webhook_events;
  const ended = { ...job, status, webhook_events, traceparent: traceparentOf(span) };
  await sql`
    update jobs
    set status = ${status}, finished_at = now(), started_at = ${startedAt(job)},
      total = ${job.total}, remaining = 0, succeeded = ${job.succeeded}, unbilled = ${job.unbilled},
      surcharge = ${job.surcharge}, blocked = ${job.blocked},
      failed = ${job.failed}, skipped = ${job.skipped}, cancelled = ${job.cancelled},
      webhook_events = ${webhook_events}, cut_short = ${job.cut_short}, secrets = null, session = null
    where account_id = ${job.account_id} and id = ${job.id}`.execute(tx);
  if (job.finish_by !== null) await forgetDeadline(tx, job);
  await releaseCredits(tx, job, job.reserved - (job.succeeded - job.unbilled + job.surcharge));
  crashPoint('job.finish');
  await announceEnd(tx, ended, { reservation, report: end?.report ?? null });
  await notify(tx, { type: 'job_ended', job_id: id, early: status === 'cancelled' || job.cut_short });
  const { request_id, failed, skipped, cancelled } = job;
  return { fields: { request_id, job_id: id, status, total, succeeded, failed, skipped, cancelled }, span };
}

/**
 * Logs that a job has ended, under the request that created it. Call it when the transaction has
 * committed.
 */
export function logJobEnded(log: Log, { fields, span }: JobEnd): void {
  span.end();
  log.info(fields, 'job ended');
}
