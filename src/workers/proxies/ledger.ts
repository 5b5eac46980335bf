import { sql } from 'kysely';
import { float, int, rows, text } from '../../database/rows.ts';
import type { Db, DbOrTx } from '../../database/tables.ts';
import { addressOf, type ProxyPool, type ProxyReport, type Upstream } from '../../egress/index.ts';
import type { Log } from '../../log.ts';

const FLUSH_MS = 2000;

/**
 * Makes a row for each configured proxy, for operators to read. Where another proxy has taken a
 * place, its counts start at zero.
 */
export async function registerProxies(db: DbOrTx, upstreams: readonly Upstream[]): Promise<void> {
  const proxies = rows(upstreams, {
    number: int((_, index) => index + 1),
    address: text((upstream) => addressOf(upstream)),
  });
  await sql`delete from proxies p where not exists (
    select from ${proxies.as('now')} where now.number = p.number and now.address = p.address)`.execute(db);
  await sql`insert into proxies (${proxies.columns}) select * from ${proxies.as('now')}
    on conflict (number) do nothing`.execute(db);
}

/**
 * Adds this thread's counts to the proxies' rows, and learns from the rows which proxies rest for
 * other threads.
 */
export class ProxyLedger {
  readonly #db: Db;
  readonly #pool: ProxyPool;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(db: Db, pool: ProxyPool, log: Log) {
    this.#db = db;
    this.#pool = pool;
    this.#log = log;
    if (pool.size > 0) this.#timer = setInterval(() => void this.#flush(), FLUSH_MS);
  }

  async #flush(): Promise<void> {
    const reports = this.#pool.takeReports();
    if (reports.length === 0) return;
    try {
      for (const { number, restMs } of await record(this.#db, reports)) this.#pool.rest(number, restMs);
    } catch (error) {
      this.#log.warn({ err: error }, 'failed to record what proxies did');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#flush();
  }
}

/** Returns how long each proxy rests. */
async function record(db: Db, reports: ProxyReport[]): Promise<{ number: number; restMs: number }[]> {
  const seen = rows(reports, {
    number: int((r) => r.number),
    requests: int((r) => r.requests),
    failures: int((r) => r.failures),
    last_error: text((r) => r.lastError),
    rest_ms: float((r) => r.restMs),
  });
  await sql`update proxies p set requests = p.requests + s.requests, failures = p.failures + s.failures,
      last_error = coalesce(s.last_error, p.last_error),
      last_failed_at = case when s.failures > 0 then now() else p.last_failed_at end,
      resting_until = case
        when s.rest_ms > 0 then greatest(p.resting_until, now() + s.rest_ms * interval '1 ms')
        else p.resting_until
      end
    from ${seen.as('s')} where s.number = p.number`.execute(db);
  const { rows: resting } = await sql<{ number: number; restMs: number }>`
    select number, (extract(epoch from resting_until - now()) * 1000)::float8 as "restMs"
    from proxies where resting_until > now()`.execute(db);
  return resting;
}
