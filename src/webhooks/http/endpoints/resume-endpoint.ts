import type { Context } from '../../../context.ts';
import { route } from '../../../http/route/route.ts';
import { resumeEndpoint as resume } from '../../endpoints/endpoints.ts';
import { endpointAnswer } from '../schemas.ts';
import { findEndpoint, showEndpoint } from './find-endpoint.ts';

export const resumeEndpoint = route({
  id: 'resumeEndpoint',
  method: 'post',
  path: '/v1/endpoints/{endpoint}/resume',
  tag: 'Endpoints',
  summary: 'Send to an endpoint again',
  description: 'Ends a pause. The deliveries that waited are sent.',
  access: 'account',
  audit: 'endpoint.resume',
  answers: { 200: { description: 'The endpoint.', schema: endpointAnswer } },
  async handle({ account, params }, { db }: Pick<Context, 'db'>) {
    const endpoint = await findEndpoint(db, account.id, params.endpoint);
    await resume(db, account.id, endpoint);
    return { json: await showEndpoint(db, account.id, endpoint) };
  },
});
