import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { CliError, EXIT } from '../../failure.ts';
import type { JobSummary } from '../answers.ts';
import type { Api } from '../api.ts';

/** Enough for a service that is being restarted or deployed to come back. */
const TRIES = 60;

/**
 * Watches a job until it ends, and returns it as it ended. `onChange` gets every state, the first
 * and the last included. A stream that ends before the job is reopened after `pauseMs`. Throws
 * CliError after 60 streams in a row without an event.
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
      const events = body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const { data } of events) {
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
