import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from '../failure.ts';
import type { JobSummary } from './answers.ts';
import type { Api } from './api.ts';
import { readEvents } from './events.ts';

/** A service that is being restarted or deployed is back by then. */
const TRIES = 60;
const PAUSE_MS = 1000;

/**
 * Watches a job until it ends, and returns it as it ended. Every change is shown to `onChange`, the first and the last state too.
 * A stream that breaks off is opened again for a minute.
 */
export async function followJob(api: Api, jobId: string, onChange: (job: JobSummary) => void): Promise<JobSummary> {
  for (let failures = 0; ;) {
    try {
      const { body } = await api.open(`/v1/jobs/${encodeURIComponent(jobId)}/events`, 'text/event-stream');
      for await (const { data } of readEvents(body!)) {
        const job = JSON.parse(data) as JobSummary;
        onChange(job);
        if (job.finished_at !== null) return job;
        failures = 0;
      }
      failures++;
    } catch (error) {
      if (error instanceof CliError && error.exitCode !== EXIT.unavailable) throw error;
      if (++failures >= TRIES) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
