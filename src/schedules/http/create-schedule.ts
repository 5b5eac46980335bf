import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { originOf } from '../../jobs/http/create/new-job.ts';
import { HOOK, METADATA } from '../../jobs/http/create/queue.ts';
import { MAX_LIST_BYTES } from '../../jobs/http/schemas/fields.ts';
import { createSchedule as create } from '../create.ts';
import { scheduleText } from '../view.ts';
import { newSchedule, scheduleAnswer } from './schemas.ts';

/** What a body with a job may have: as much as that of the route that queues such a batch. */
export const JOB_LIMITS = {
  bytes: MAX_LIST_BYTES,
  values: 110_000,
  verbatim: { 'job.metadata': METADATA.metadata },
};

/** The metadata of the job in a body, as it came. */
export const metadataIn = (verbatim: Record<string, string | undefined>) => verbatim['job.metadata'] ?? null;

export const createSchedule = route({
  id: 'createSchedule',
  method: 'post',
  path: '/v1/schedules',
  tag: 'Schedules',
  summary: 'Run a job again and again',
  description:
    'The first run is at the next time of `cron`, or after `every_seconds`. Runs end when the key is ' +
    'revoked that made the schedule.',
  access: 'account',
  audit: 'schedule.create',
  idempotent: true,
  body: newSchedule,
  limits: JOB_LIMITS,
  example: {
    name: 'Docs, every morning',
    cron: '0 6 * * *',
    timezone: 'Europe/Berlin',
    deliver: 'changes',
    diff: true,
    job: { kind: 'crawl', url: 'https://docs.example.com', max_pages: 500, webhook_url: HOOK },
  },
  answers: {
    201: {
      description: 'The schedule.',
      schema: scheduleAnswer,
      headers: { Location: 'Where the schedule can be read.' },
    },
  },
  problems: ['too_many_schedules'],
  async handle(request, context: JobContext) {
    const { account, body, verbatim } = request;
    const { idempotency } = originOf(request);
    const maker = { account_id: account.id, key_id: account.keyId, idempotency };
    const { schedule, repeated } = await create(context, maker, { body, metadata: metadataIn(verbatim) });
    return {
      status: 201,
      headers: { Location: `/v1/schedules/${schedule.id}` },
      body: await scheduleText(context.db, context.box, schedule),
      audited: repeated ? null : schedule.id,
    };
  },
});
