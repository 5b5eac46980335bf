import { sql } from 'kysely';
import { ENDED_DELIVERY_STATUSES } from '../database/enumerations.ts';
import type { DbOrTx } from '../database/tables.ts';
import { histogramOf, sum, Tally, type EndedRow } from './tally.ts';
import { metric } from './text.ts';

/** Seconds from a delivery's creation, with the end of its job, to its own end. */
const EDGES = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 600, 3600, 86_400];

interface Ended extends EndedRow {
  status: string;
}

/** The deliveries that ended after `from`, up to `until`. */
export async function readEndedDeliveries(db: DbOrTx, from: Date, until: Date): Promise<Ended[]> {
  const { rows } = await sql<Ended>`
    select status,
      width_bucket(extract(epoch from finished_at - created_at)::float8, ${EDGES}::float8[]) as bin,
      count(*) as ended, sum(extract(epoch from finished_at - created_at))::float8 as seconds
    from deliveries where finished_at > ${from} and finished_at <= ${until} group by 1, 2`.execute(db);
  return rows;
}

/**
 * Counts deliveries as they end, whichever process sent them. One that is sent again counts again.
 */
export class EndedDeliveries {
  readonly #tally = new Tally<Ended>(['status']);

  add(rows: Ended[]): void {
    this.#tally.add(rows);
  }

  /** The metrics as text. */
  text(): string {
    const { rows } = this.#tally;
    const outcomes = ENDED_DELIVERY_STATUSES.map((status) => ({
      labels: { status },
      value: sum(rows, (row) => (row.status === status ? row.ended : 0)),
    }));
    const delivered = rows.filter(({ status }) => status === 'delivered');
    return (
      metric('ollagraph_deliveries_ended_total', 'counter', 'Deliveries that ended, by how.', outcomes) +
      metric(
        'ollagraph_delivery_duration_seconds',
        'histogram',
        "From a delivery's creation to its success, retries included.",
        histogramOf({}, EDGES, delivered),
      )
    );
  }
}
