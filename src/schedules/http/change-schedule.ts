import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { changeStored } from '../change.ts';
import { scheduleText } from '../view.ts';
import { JOB_LIMITS, metadataIn } from './create-schedule.ts';
import { scheduleAnswer, scheduleChange } from './schemas.ts';

export const changeSchedule = route({
  id: 'changeSchedule',
  method: 'patch',
  path: '/v1/schedules/{schedule_id}',
  tag: 'Schedules',
  summary: 'Change a schedule',
  description:
    'What is left out stays. A new time counts from now on; with a new time or job it runs with this key. ' +
    'A run that goes on is not changed.',
  access: 'account',
  audit: 'schedule.update',
  body: scheduleChange,
  limits: JOB_LIMITS,
  example: { cron: '0 */6 * * *' },
  answers: { 200: { description: 'The schedule as it is now.', schema: scheduleAnswer } },
  async handle({ account, params, body, verbatim }, context: JobContext) {
    const which = { account_id: account.id, id: params.schedule_id };
    const given = { body, metadata: metadataIn(verbatim) };
    const schedule = await changeStored(context, which, account.keyId, () => given);
    return { body: await scheduleText(context.db, context.box, schedule) };
  },
});
