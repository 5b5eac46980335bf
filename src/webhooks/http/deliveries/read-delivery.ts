import type { Context } from '../../../context.ts';
import { route } from '../../../http/route/route.ts';
import { deliveryAnswer } from '../schemas.ts';
import { findDelivery } from './find-delivery.ts';

export const readDelivery = route({
  id: 'readDelivery',
  method: 'get',
  path: '/v1/deliveries/{id}',
  tag: 'Deliveries',
  summary: 'Read a delivery with every attempt',
  description: 'Shows when each attempt was made, how long it took, and what the receiver answered.',
  access: 'account',
  answers: { 200: { description: 'The delivery.', schema: deliveryAnswer } },
  async handle({ account, params }, { db }: Pick<Context, 'db'>) {
    return { json: await findDelivery(db, account.id, params.id) };
  },
});
