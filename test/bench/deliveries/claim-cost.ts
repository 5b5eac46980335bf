import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { claim } from '../../../src/webhooks/outbox/claim.ts';
import { FIRST_URL_LANE, LAST_LANE } from '../../../src/webhooks/outbox/lanes.ts';
import type { Stage } from './stage.ts';
import { quantile } from '../../support/measure/quantile.ts';

const ROUNDS = 120;
const BATCH = 100;

/**
 * Claimed deliveries per second (the median batch), claiming alone: batches of 100 over ten healthy
 * endpoints, the rows put back between the rounds.
 */
export async function claimRate(stage: Stage): Promise<number> {
  const { db } = stage.database;
  const accounts = stage.accounts.slice(0, 10);
  const endpoint = new URL(stage.receiverUrl).host;
  await stage.fill(2000, { accounts });
  await vacuum(stage);
  await settled(stage);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const rows = await claim(
      db,
      accounts.map((account_id) => ({
        account_id,
        endpoint,
        first_lane: FIRST_URL_LANE,
        last_lane: LAST_LANE,
        count: BATCH / accounts.length,
        lane_limits: {},
      })),
      600_000,
    );
    if (rows.length === BATCH) rates.push(BATCH / ((performance.now() - began) / 1000));
    if (round % 15 === 14) await putBack(stage, accounts);
  }
  await sql`delete from outbox where account_id = any(${accounts}::text[])`.execute(db);
  await sql`truncate attempts`.execute(db);
  return quantile(rates, 0.5);
}

/**
 * Not over the service's own connections, which give every statement half a minute: a million new
 * rows may take longer.
 */
async function vacuum({ databaseUrl }: Stage): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query('vacuum analyze outbox');
  } finally {
    await client.end();
  }
}

/**
 * Resolves when what filled the tables is on disk, and no autovacuum has been at work for a while;
 * a minute later at the latest.
 */
export async function settled({ database }: Stage): Promise<void> {
  await sql`checkpoint`.execute(database.db);
  const until = performance.now() + 60_000;
  for (let quiet = 0; quiet < 8 && performance.now() < until; quiet++) {
    const { rows } = await sql`select from pg_stat_activity where backend_type = 'autovacuum worker'`.execute(
      database.db,
    );
    if (rows.length > 0) quiet = 0;
    await sleep(250);
  }
}

async function putBack(stage: Stage, accounts: string[]): Promise<void> {
  await sql`update outbox set status = 'waiting', leased_until = null, next_attempt_at = now() where account_id = any(${accounts}::text[])`.execute(
    stage.database.db,
  );
  await vacuum(stage);
}

/** A million deliveries that have ended. */
export async function addHistory(stage: Stage, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += 50_000) {
    await sql`
    insert into deliveries (account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job, status, schedule_step,
      attempts, created_at)
    select (${stage.accounts}::text[])[1 + n % 50], 'dlv_' || lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 12, '0'),
      'job_' || lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 12, '0'), 'job.completed', ${`${stage.receiverUrl}/hook`},
      ${new URL(stage.receiverUrl).host}, 'x', 'x', 'x', false, 'delivered', 0, 1, now()
    from generate_series(${from + 1}::bigint, ${from + 50_000}::bigint) as n`.execute(stage.database.db);
  }
}
