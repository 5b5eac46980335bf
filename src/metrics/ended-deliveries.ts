import { sql } from 'kysely';
import type { DbOrTx } from '../database.ts';
import { histogram, metric } from './text.ts';

/** Seconds from a delivery's creation, with the end of its job, to its own end. */
const EDGES = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 600, 3600, 86_400];

interface Ended {
  status: string;
  /** How many of EDGES are not exceeded. */
  bin: number;
  deliveries: number;
  seconds: number;
}

/** The deliveries that ended after `from`, up to `until`. */
export async function readEndedDeliveries(db: DbOrTx, from: Date, until: Date): Promise<Ended[]> {
  const { rows } = await sql<Ended>`
    select state as status, width_bucket(extract(epoch from finished_at - created_at)::float8, ${EDGES}::float8[]) as bin,
      count(*) as deliveries, sum(extract(epoch from finished_at - created_at))::float8 as seconds
    from deliveries where finished_at > ${from} and finished_at <= ${until} group by 1, 2`.execute(db);
  return rows;
}

/** Counts deliveries as they end, whichever process sent them; one that is sent again ends again. */
export class EndedDeliveries {
  readonly #ended: Ended[] = [];

  add(rows: Ended[]): void {
    for (const row of rows) {
      const known = this.#ended.find(({ status, bin }) => status === row.status && bin === row.bin);
      if (!known) this.#ended.push(row);
      else {
        known.deliveries += row.deliveries;
        known.seconds += row.seconds;
      }
    }
  }

  /** The metrics as text. */
  text(): string {
    const total = (status: string) =>
      this.#ended.reduce((sum, row) => sum + (row.status === status ? row.deliveries : 0), 0);
    const outcomes = ['delivered', 'exhausted', 'cancelled'].map((status) => ({
      labels: { status },
      value: total(status),
    }));
    const delivered = this.#ended.filter(({ status }) => status === 'delivered');
    const bins = Array.from(
      { length: EDGES.length + 1 },
      (_, n) => delivered.find(({ bin }) => bin === n)?.deliveries ?? 0,
    );
    const seconds = delivered.reduce((sum, row) => sum + row.seconds, 0);
    return (
      metric('ollagraph_deliveries_ended_total', 'counter', 'Deliveries that ended, by how.', outcomes) +
      metric(
        'ollagraph_delivery_duration_seconds',
        'histogram',
        "From a delivery's creation to its success, retries included.",
        histogram({}, [...EDGES, Infinity], bins, seconds),
      )
    );
  }
}
