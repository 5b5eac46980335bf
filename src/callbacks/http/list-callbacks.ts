import type { Context } from '../../context.ts';
import { decodeCursor, encodeCursor } from '../../http/pagination.ts';
import { route } from '../../http/route/route.ts';
import { listCallbacks as list } from '../list.ts';
import { callbackList, callbackListQuery } from './schemas.ts';

const PLACE = /^\d{1,17} (?:job|dlv)_[0-9a-f]{24}$/;

export const listCallbacks = route({
  id: 'listCallbacks',
  method: 'get',
  path: '/v1/callbacks',
  tag: 'Deliveries',
  summary: 'List callbacks, oldest first',
  description:
    'Every delivery, and the end of every queued job that has no `webhook_url`. An entry is listed ' +
    'when no older one can appear any more, so a cursor passes none over. A program that follows ' +
    'the list asks again from a little before what it saw last, and ignores what it knows.',
  access: 'account',
  query: callbackListQuery,
  answers: { 200: { description: 'Callbacks without their bodies.', schema: callbackList } },
  async handle({ account, query: { since, limit, cursor } }, { db }: Pick<Context, 'db'>) {
    const [moment, id] = decodeCursor(cursor, PLACE)?.split(' ') ?? [];
    const after = moment === undefined || id === undefined ? null : { moment: BigInt(moment), id };
    const found = await list(db, account.id, { since, after, limit: limit + 1 });
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return {
      json: {
        data: shown.map(({ place: _place, ...callback }) => callback),
        next_cursor: found.length > limit && last ? encodeCursor(`${last.place.moment} ${last.id}`) : null,
      },
    };
  },
});
