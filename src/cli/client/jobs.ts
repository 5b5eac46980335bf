import type { Command } from 'commander';
import { JOB_KINDS, JOB_STATUSES } from '../../database/enumerations.ts';
import { oneOf, wholeNumber } from '../arguments.ts';
import { printLines } from '../invocation.ts';
import { formatRecord, print, printList } from '../output.ts';
import { toJson } from '../terminal.ts';
import type { Job, JobSummary, Page } from './answers.ts';
import { connect, type Connection } from './api.ts';
import { clientCommand } from './command.ts';
import { pages } from './scrape/progress.ts';
import { take } from './take.ts';

interface Options extends Connection {
  status?: JobSummary['status'];
  kind?: JobSummary['kind'];
  limit: number;
}

/** `jobs`, `pages` and `cancel`. */
export function addJobs(program: Command): void {
  clientCommand(program, 'jobs [job_id]', 'your jobs, newest first; or one of them')
    .option('--status <status>', 'only these', oneOf(...JOB_STATUSES))
    .option('--kind <kind>', 'only these', oneOf(...JOB_KINDS))
    .option('--limit <n>', 'maximum number of jobs', wholeNumber(1, 100_000), 20)
    .action(async (id: string | undefined, { status, kind, limit }: Options, command: Command) => {
      const api = connect(command);
      if (id !== undefined) {
        const job = await api.get<Job>(`/v1/jobs/${encodeURIComponent(id)}`, { result: 'false' });
        print(
          command,
          job,
          formatRecord({ ...job, delivery: job.delivery && `${job.delivery.id} ${job.delivery.status}` }),
        );
        return;
      }
      const jobs = api.list<JobSummary>('/v1/jobs', { status, kind, limit: Math.min(limit, 100) });
      printList(command, await take(jobs, limit), [
        { name: 'job', of: (job) => job.job_id },
        { name: 'kind', of: (job) => job.kind },
        { name: 'status', of: (job) => job.status },
        { name: 'url', of: (job) => job.url },
        { name: 'pages', of: (job) => job.total, numeric: true },
        { name: 'left', of: (job) => job.remaining, numeric: true },
        { name: 'failed', of: (job) => job.failed, numeric: true },
        { name: 'callback', of: (job) => job.delivery?.status ?? null },
        { name: 'created_at', of: (job) => new Date(job.created_at) },
      ]);
    });

  clientCommand(program, 'pages <job_id>', 'the pages of a job that are done: JSON, one a line').action(
    async (id: string, _options: Connection, command: Command) => {
      const done = connect(command).list<Page>(`/v1/jobs/${encodeURIComponent(id)}/pages`, { limit: 100 });
      for await (const page of done) printLines(command, toJson(page));
    },
  );

  clientCommand(
    program,
    'cancel <job_id>',
    'stop a job; its callback still comes, with what was done',
  ).action(async (id: string, options: Connection, command: Command) => {
    const job = await connect(command).post<JobSummary>(`/v1/jobs/${encodeURIComponent(id)}/cancel`);
    print(command, job, `${job.job_id} is cancelled: ${job.succeeded} of ${pages(job.total)} had come back.`);
  });
}
