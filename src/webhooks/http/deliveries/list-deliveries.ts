import type { Context } from '../../../context.ts';
import { decodeCursor, encodeCursor } from '../../../http/pagination.ts';
import { route } from '../../../http/route/route.ts';
import { listDeliveries as list } from '../../read/deliveries.ts';
import { deliveryList, deliveryListQuery } from '../schemas.ts';

export const listDeliveries = route({
  id: 'listDeliveries',
  method: 'get',
  path: '/v1/deliveries',
  tag: 'Deliveries',
  summary: 'List deliveries, newest first',
  description: 'Pending deliveries and those that ended, by status, job, URL or time of creation.',
  access: 'account',
  query: deliveryListQuery,
  answers: { 200: { description: 'Deliveries without their attempts.', schema: deliveryList } },
  async handle({ account, query }, { db }: Pick<Context, 'db'>) {
    const { limit, cursor, ...filter } = query;
    const before = decodeCursor(cursor, /^dlv_[0-9a-f]{24}$/);
    const found = await list(db, account.id, filter, { limit: limit + 1, before });
    const data = found.slice(0, limit);
    return { json: { data, next_cursor: found.length > limit ? encodeCursor(data.at(-1)!.id) : null } };
  },
});
