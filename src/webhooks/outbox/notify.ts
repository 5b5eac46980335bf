import { notify } from '../../database/notifications.ts';
import type { DbOrTx } from '../../database/tables.ts';

/** Where something has fallen due. */
export interface DueEndpoint {
  account_id: string;
  endpoint: string;
  /** `urgent`: a person asked for it. */
  kind: 'urgent' | 'fresh';
}

/** Wakes the dispatchers when the caller's transaction commits, once for each endpoint and kind. */
export async function notifyDispatchers(tx: DbOrTx, due: DueEndpoint[]): Promise<void> {
  const distinct = new Map(due.map((one) => [`${one.account_id} ${one.endpoint} ${one.kind}`, one]));
  for (const { account_id, endpoint, kind } of distinct.values())
    await notify(tx, { type: 'outbox', account_id, endpoint, kind });
}
