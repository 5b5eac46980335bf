import { sql } from 'kysely';

/**
 * The lanes of an endpoint in the outbox (column `lane`, written by Postgres): what a person asked
 * for, what failed before, and from FIRST_URL_LANE on one lane for each URL. Claims take some of
 * each lane, so that none of them waits for another to become empty.
 */
export const URGENT_LANE = 0;
export const RETRY_LANE = 1;
export const FIRST_URL_LANE = 2;
/** The highest number of a lane: 52 bits, which JavaScript's numbers hold. */
export const LAST_LANE = 2 ** 52 + 1;

/**
 * An assignment for updates of the outbox that set nothing on which the lane depends. Without one
 * Postgres (18) parses the expression of the lane again for every row: an eighth of what a backlog
 * costs it.
 */
export const KEEP_LANE = sql.raw('trigger = trigger');
