import { sql } from 'kysely';
import { workingKeys } from '../../accounts/keys/keys.ts';
import { Gatherer } from '../../database/gatherer.ts';
import { rows, text } from '../../database/rows.ts';
import type { Db } from '../../database/tables.ts';
import { describeJob, describeJobs, type JobDescription } from './describe.ts';
import type { Job } from './jobs.ts';

/**
 * What those who watch jobs look at twice a second. It is read for all of them together: hundreds
 * of streams cost no more queries than one.
 */
export class WatchedJobs {
  readonly #db: Db;
  readonly #jobs: Gatherer<Job>;
  readonly #descriptions: Gatherer<JobDescription>;
  readonly #keys: Gatherer<true>;

  constructor(db: Db) {
    this.#db = db;
    this.#jobs = new Gatherer(async (keys) => byKey(await readJobs(db, keys)), accountOf);
    this.#descriptions = new Gatherer(async (keys) => await readDescriptions(db, keys), accountOf);
    this.#keys = new Gatherer(
      async (ids) => new Map((await workingKeys(db, ids)).map((id) => [id, true as const])),
    );
  }

  /** A job as it is now; null where it is not there. */
  async job(accountId: string, jobId: string): Promise<Job | null> {
    return await this.#jobs.get(keyOf({ account_id: accountId, id: jobId }));
  }

  /** What describes a job besides its row. */
  async describe(job: Job): Promise<JobDescription> {
    const running = job.finished_at === null ? await this.#descriptions.get(keyOf(job)) : null;
    return running ?? (await describeJob(this.#db, job));
  }

  /** Whether a key still works. */
  async keyWorks(keyId: string): Promise<boolean> {
    return (await this.#keys.get(keyId)) !== null;
  }
}

const keyOf = ({ account_id, id }: Pick<Job, 'account_id' | 'id'>) => `${account_id} ${id}`;

const accountOf = (key: string) => key.split(' ', 1)[0]!;

const byKey = (jobs: Job[]): Map<string, Job> => new Map(jobs.map((job) => [keyOf(job), job]));

async function readJobs(db: Db, keys: string[]): Promise<Job[]> {
  const wanted = rows(keys, {
    account_id: text(accountOf),
    id: text((key) => key.split(' ')[1]!),
  });
  const { rows: jobs } = await sql<Job>`
    select j.* from ${wanted.as('w')} join jobs j on j.account_id = w.account_id and j.id = w.id`.execute(db);
  return jobs;
}

async function readDescriptions(db: Db, keys: string[]): Promise<Map<string, JobDescription>> {
  const described = new Map<string, JobDescription>();
  const accounts = Map.groupBy(await readJobs(db, keys), (job) => job.account_id);
  for (const jobs of accounts.values())
    for (const [n, description] of (await describeJobs(db, jobs)).entries())
      described.set(keyOf(jobs[n]!), description);
  return described;
}
