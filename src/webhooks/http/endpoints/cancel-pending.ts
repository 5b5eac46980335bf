import type { Context } from '../../../context.ts';
import { route } from '../../../http/route/route.ts';
import { cancelPending as cancel } from '../../endpoints/endpoints.ts';
import { cancelPendingAnswer } from '../schemas.ts';
import { findEndpoint, showEndpoint } from './find-endpoint.ts';

export const cancelPending = route({
  id: 'cancelPending',
  method: 'post',
  path: '/v1/endpoints/{endpoint}/cancel-pending',
  tag: 'Endpoints',
  summary: 'Cancel the deliveries that wait for an endpoint',
  description: 'Each of them can still be redelivered.',
  access: 'account',
  audit: 'endpoint.cancel-pending',
  answers: {
    200: { description: 'The endpoint, and how many were cancelled.', schema: cancelPendingAnswer },
  },
  async handle({ account, params }, { db }: Pick<Context, 'db'>) {
    const endpoint = await findEndpoint(db, account.id, params.endpoint);
    const cancelled = await cancel(db, account.id, endpoint);
    return { json: { ...(await showEndpoint(db, account.id, endpoint)), cancelled } };
  },
});
