import type { Context } from '../../../context.ts';
import { pageOf, shortListQuery } from '../../../http/pagination.ts';
import { route } from '../../../http/route/route.ts';
import { listEndpoints as list } from '../../endpoints/endpoints.ts';
import { endpointList } from '../schemas.ts';

export const listEndpoints = route({
  id: 'listEndpoints',
  method: 'get',
  path: '/v1/endpoints',
  tag: 'Endpoints',
  summary: 'List the endpoints that receive your callbacks',
  description: 'Each with its success rate, latency and backlog. An endpoint is a host and port.',
  access: 'account',
  query: shortListQuery,
  answers: { 200: { description: 'One entry for each host and port.', schema: endpointList } },
  async handle({ account, query }, { db }: Pick<Context, 'db'>) {
    const all = await list(db, account.id);
    return { json: pageOf(all, query, { keyOf: ({ endpoint }) => endpoint, order: 'ascending' }) };
  },
});
