import { sql } from 'kysely';
import { readRunReport, type RunReport } from '../../changes/end-run.ts';
import type { DbOrTx } from '../../database/tables.ts';
import { deliveriesOfJobs, type DeliveryOfJob } from '../../webhooks/read/deliveries.ts';
import type { Job } from './jobs.ts';

/** What describes a job besides its own row. */
export interface JobDescription {
  /**
   * Its page, the first of a batch, or where its crawl began; null once its pages have been
   * dropped.
   */
  url: string | null;
  /** The delivery with which it ends, once there is one. */
  delivery: DeliveryOfJob | null;
}

/** What an ended run of a schedule has found out. */
export type RunDescription = Omit<RunReport, 'schedule_id' | 'run'>;

/** The descriptions of jobs of one account, in their order. */
export async function describeJobs(db: DbOrTx, jobs: Job[]): Promise<JobDescription[]> {
  const [first] = jobs;
  if (!first) return [];
  const { account_id } = first;
  const ids = jobs.map((job) => job.id);
  const called = jobs.filter((job) => job.webhook_url !== null).map((job) => job.id);
  const pages = await sql<{ job_id: string; url: string }>`
    select job_id, url from pages
    where account_id = ${account_id} and job_id = any(${ids}::text[]) and ordinal = 0`.execute(db);
  const urls = new Map(pages.rows.map(({ job_id, url }) => [job_id, url]));
  const deliveries = await deliveriesOfJobs(db, account_id, called);
  return ids.map((id) => {
    const delivery = deliveries.get(id);
    return {
      url: urls.get(id) ?? null,
      delivery: delivery ? { id: delivery.id, status: delivery.status } : null,
    };
  });
}

/** The same for one job, with what it found out where it is an ended run of a schedule. */
export async function describeJob(db: DbOrTx, job: Job): Promise<JobDescription & Partial<RunDescription>> {
  const [description] = await describeJobs(db, [job]);
  const report = await readRunReport(db, job);
  if (report === null) return description!;
  const { schedule_id: _schedule, run: _run, ...found } = report;
  return { ...description!, ...found };
}
