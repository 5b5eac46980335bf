import { sql } from 'kysely';
import { CLAIMED_COLUMNS } from '../outbox/claim.ts';

/**
 * The end of a statement whose common table expression `leased` has deliveries that were just
 * leased: begins their attempts now, however old the transaction is, and returns them as a claim
 * does.
 */
export const BEGIN_LEASED = sql`begun as (
      insert into attempts (account_id, delivery_id, number, trigger, started_at)
      select account_id, id, attempts, trigger, clock_timestamp() from leased
    )
    select ${CLAIMED_COLUMNS} from leased c join accounts a on a.id = c.account_id`;
