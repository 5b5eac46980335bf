import { sql } from 'kysely';
import type { DbOrTx } from '../database/tables.ts';
import { metric } from './text.ts';

interface Row {
  number: number;
  requests: number;
  failures: number;
  resting: boolean;
}

/** What the operator's proxies did; nothing where there are none. */
export async function proxyMetrics(db: DbOrTx): Promise<string> {
  const { rows } = await sql<Row>`select number, requests, failures, resting from admin.proxies`.execute(db);
  if (rows.length === 0) return '';
  const samples = (value: (row: Row) => number) =>
    rows.map((row) => ({ labels: { proxy: String(row.number) }, value: value(row) }));
  const requests = samples((row) => row.requests);
  const failures = samples((row) => row.failures);
  return (
    metric('ollagraph_proxy_requests_total', 'counter', 'Fetches through a proxy of PROXIES.', requests) +
    metric('ollagraph_proxy_failures_total', 'counter', 'Those of them that it failed.', failures) +
    metric(
      'ollagraph_proxy_resting',
      'gauge',
      '1 while the proxy rests after failures.',
      samples(({ resting }) => (resting ? 1 : 0)),
    )
  );
}
