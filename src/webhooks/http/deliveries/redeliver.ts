import type { Context } from '../../../context.ts';
import { route } from '../../../http/route/route.ts';
import type { DirectDispatch } from '../../direct/reservation.ts';
import { redeliver as sendAgain } from '../../outbox/control.ts';
import { deliveryAnswer } from '../schemas.ts';
import { findDelivery } from './find-delivery.ts';

export const redeliver = route({
  id: 'redeliver',
  method: 'post',
  path: '/v1/deliveries/{id}/redeliver',
  tag: 'Deliveries',
  summary: 'Send a delivery again, now',
  description: 'Sends the same bytes under a fresh timestamp and signature. The retry schedule starts over.',
  access: 'account',
  audit: 'delivery.redeliver',
  answers: { 202: { description: 'The delivery, which is due now.', schema: deliveryAnswer } },
  problems: ['gone'],
  async handle(
    { account, params },
    { db, dispatch }: Pick<Context, 'db'> & { dispatch: DirectDispatch | null },
  ) {
    await sendAgain({ db, dispatch }, account.id, params.id);
    return { status: 202, json: await findDelivery(db, account.id, params.id) };
  },
});
