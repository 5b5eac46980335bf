import type { Context } from '../../../context.ts';
import { route } from '../../../http/route/route.ts';
import { pauseEndpoint as pause } from '../../endpoints/endpoints.ts';
import { endpointAnswer } from '../schemas.ts';
import { findEndpoint, showEndpoint } from './find-endpoint.ts';

export const pauseEndpoint = route({
  id: 'pauseEndpoint',
  method: 'post',
  path: '/v1/endpoints/{endpoint}/pause',
  tag: 'Endpoints',
  summary: 'Hold all deliveries to an endpoint',
  description: 'They wait until the endpoint is resumed. None is dropped.',
  access: 'account',
  audit: 'endpoint.pause',
  answers: { 200: { description: 'The endpoint, paused.', schema: endpointAnswer } },
  async handle({ account, params }, { db }: Pick<Context, 'db'>) {
    const endpoint = await findEndpoint(db, account.id, params.endpoint);
    await pause(db, account.id, endpoint);
    return { json: await showEndpoint(db, account.id, endpoint) };
  },
});
