import { route } from '../../http/route/route.ts';
import { invalidField } from '../../service-error.ts';
import { usageByDay } from '../credits.ts';
import type { AccountContext } from './context.ts';
import { usageAnswer, usageQuery } from './schemas.ts';

const DAY_MS = 86_400_000;
const MAX_DAYS = 366;

export const readUsage = route({
  id: 'readUsage',
  method: 'get',
  path: '/v1/me/usage',
  tag: 'Account',
  summary: 'Credits by day',
  description: 'What ended jobs cost, by the UTC day on which they were created.',
  access: 'account',
  query: usageQuery,
  answers: { 200: { description: 'The days on which jobs were created.', schema: usageAnswer } },
  async handle({ account, query }, { db }: AccountContext) {
    const to = query.to ?? new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS);
    const from = query.from ?? new Date(to.getTime() - 29 * DAY_MS);
    if (from > to) throw invalidField('from', 'must not be after to');
    if (to.getTime() - from.getTime() >= MAX_DAYS * DAY_MS)
      throw invalidField('from', `must be within ${MAX_DAYS} days of to`);
    const data = await usageByDay(db, account.id, from, new Date(to.getTime() + DAY_MS));
    return { json: { data, total: data.reduce((sum, day) => sum + day.credits, 0) } };
  },
});
