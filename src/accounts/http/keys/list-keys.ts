import { pageOf, shortListQuery } from '../../../http/pagination.ts';
import { route } from '../../../http/route/route.ts';
import { listKeys as list } from '../../keys/keys.ts';
import type { AccountContext } from '../context.ts';
import { keyList } from './schemas.ts';
import { showKey } from './show-key.ts';

export const listKeys = route({
  id: 'listKeys',
  method: 'get',
  path: '/v1/keys',
  tag: 'Account',
  summary: 'The keys of the account, newest first',
  description: 'Revoked and expired ones too; never the keys themselves.',
  access: 'account',
  query: shortListQuery,
  answers: { 200: { description: 'The keys.', schema: keyList } },
  async handle({ account, query }, { db }: AccountContext) {
    const { data, next_cursor } = pageOf(await list(db, account.id), query, {
      keyOf: ({ id }) => id,
      order: 'descending',
    });
    return { json: { data: data.map(showKey), next_cursor } };
  },
});
