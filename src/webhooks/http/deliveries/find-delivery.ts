import type { Db } from '../../../database/tables.ts';
import { notFound } from '../../../service-error.ts';
import { readDelivery } from '../../read/deliveries.ts';

/** One of the account's deliveries with its attempts. Throws ServiceError `not_found`. */
export async function findDelivery(db: Db, accountId: string, id: string) {
  const delivery = await readDelivery(db, accountId, id);
  if (!delivery) throw notFound('delivery');
  return delivery;
}
