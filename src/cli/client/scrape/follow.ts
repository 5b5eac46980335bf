import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from '../../failure.ts';
import type { JobSummary } from '../answers.ts';
import type { Api } from '../api.ts';
import { readEvents } from './events.ts';

/** A service that is being restarted or deployed is back by then. */
const TRIES = 60;

/**
 * Watches a job until it ends, and returns it as it ended. Every change is shown to `onChange`, the first and the last state too.
 * A stream that ends before the job is opened again after a pause, and given up after a minute without any news.
 */
export async function followJob(
  api: Api,
  jobId: string,
  onChange: (job: JobSummary) => void,
  pauseMs = 1000,
): Promise<JobSummary> {
  for (let failures = 0; ; await sleep(pauseMs)) {
    let cause: unknown;
    try {
      const { body } = await api.open(`/v1/jobs/${encodeURIComponent(jobId)}/events`, 'text/event-stream');
      for await (const { data } of readEvents(body!)) {
        const job = JSON.parse(data) as JobSummary;
        onChange(job);
        if (job.finished_at !== null) return job;
        failures = 0;
      }
    } catch (error) {
      if (error instanceof CliError && error.exitCode !== EXIT.unavailable) throw error;
      cause = error;
    }
    if (++failures >= TRIES)
      throw new CliError(`There is no news of ${jobId}`, { exitCode: EXIT.unavailable, cause });
  }
}
