import type { Selectable } from 'kysely';
import type { RunReport } from '../../changes/end-run.ts';
import type { JobKind } from '../../database/enumerations.ts';
import type { JobsTable } from '../../database/tables.ts';
import type { NewDelivery } from '../../webhooks/outbox/append.ts';

/** The text that goes before and after a job's page fragments (which are joined by commas). */
export interface Envelope {
  head: string;
  tail: string;
}

/** The forms in which a result is downloaded. */
export const RESULT_FORMATS = ['json', 'jsonl', 'csv'] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

type Counts = Pick<
  Selectable<JobsTable>,
  'total' | 'succeeded' | 'failed' | 'skipped' | 'cancelled' | 'blocked'
>;
type EndedJob = Counts &
  Pick<Selectable<JobsTable>, 'id' | 'kind' | 'status' | 'cut_short' | 'metadata' | 'webhook_payload'>;

const counts = (job: Counts) =>
  `"total":${job.total},"succeeded":${job.succeeded},"failed":${job.failed},` +
  `"skipped":${job.skipped},"cancelled":${job.cancelled},"blocked":${job.blocked}`;

/** Whether a job has one page, whose block is its result. */
export const isSinglePage = (kind: JobKind) => kind === 'scrape' || kind === 'map';

/**
 * A job's `result`: the page block itself for a single page, else the form that POST
 * /v1/scrape/batch answers with.
 */
export function resultEnvelope(job: Counts & Pick<EndedJob, 'kind'>): Envelope {
  if (isSinglePage(job.kind)) return { head: '', tail: '' };
  return { head: '{"pages":[', tail: `],${counts(job)}}` };
}

/**
 * The changes that a run of a schedule reports, as members of a JSON object, each after a comma.
 */
export function reportMembers(report: RunReport | null): string {
  return report === null ? '' : `,${JSON.stringify(report).slice(1, -1)}`;
}

/**
 * A callback's body: around the page fragments, or a link to them, or neither in a summary.
 */
export function callbackEnvelope(
  job: EndedJob,
  report: RunReport | null,
): Pick<NewDelivery, 'head' | 'tail' | 'link' | 'whole_job'> {
  const facts = `"job_id":${JSON.stringify(job.id)},"status":${JSON.stringify(job.status)}`;
  const start = `{${facts}${reportMembers(report)},"result":`;
  const end = `,"cut_short":${job.cut_short}${job.metadata === null ? '' : `,"metadata":${job.metadata}`}}`;
  if (job.webhook_payload === 'summary') {
    return {
      head: `${start}{${counts(job)},"pages_url":"/v1/jobs/${job.id}/pages"}${end}`,
      tail: '',
      whole_job: false,
    };
  }
  if (job.webhook_payload === 'link')
    return { head: `${start}{${counts(job)},`, link: '', tail: `}${end}`, whole_job: false };
  const { head, tail } = resultEnvelope(job);
  return { head: start + head, tail: tail + end, whole_job: true };
}
