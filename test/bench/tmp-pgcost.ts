import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { setStage } from './deliveries/stage.ts';
import { claim } from '../../src/webhooks/claim.ts';
import { record } from '../../src/webhooks/record.ts';
import { openDatabase } from '../../src/database.ts';

await using stage = await setStage();
await using database = openDatabase(stage.databaseUrl, 1, () => {});
const db = database.db;
const N = Number(process.env.N ?? 40000);
await stage.fill(N);
if (process.env.HEAD) await sql`update outbox set head = ${'x'.repeat(Number(process.env.HEAD))}`.execute(db);
if (process.env.SQL) for (const q of process.env.SQL.split(';')) await sql.raw(q).execute(db);
await sql`vacuum full analyze outbox`.execute(db);
await sql`checkpoint`.execute(db);
const {
  rows: [{ pid }],
} = await sql<any>`select pg_backend_pid() as pid`.execute(db);
const schedns = () => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
const endpoint = new URL(stage.receiverUrl).host;
const sha = Buffer.alloc(32, 1);
let claimPg = 0,
  recPg = 0,
  claimJs = 0,
  recJs = 0,
  n = 0;
const lsn0 = (await sql<any>`select pg_current_wal_lsn() as l`.execute(db)).rows[0].l;
for (;;) {
  let a = schedns(),
    j = process.cpuUsage();
  const rows = await claim(
    db,
    stage.accounts.map((account_id) => ({ account_id, endpoint, count: 10 })),
    9000,
  );
  let d = process.cpuUsage(j);
  claimJs += (d.user + d.system) / 1000;
  claimPg += schedns() - a;
  if (rows.length === 0) break;
  a = schedns();
  j = process.cpuUsage();
  await record(
    db,
    rows.map((claimed) => ({
      claimed,
      outcome: { state: 'delivered' as const },
      result: {
        status: 200,
        error: null,
        dns_ms: null,
        connect_ms: null,
        tls_ms: null,
        first_byte_ms: 1,
        total_ms: 2,
        bytes_sent: 1000,
        answer: 'ok',
        remote_address: '127.0.0.1',
        retry_after: null,
        waited_ms: 3,
        body_bytes: 1000,
        body_sha256: sha,
      },
    })),
  );
  d = process.cpuUsage(j);
  recJs += (d.user + d.system) / 1000;
  recPg += schedns() - a;
  n += rows.length;
}
const wal = (await sql<any>`select pg_wal_lsn_diff(pg_current_wal_lsn(), ${lsn0}::pg_lsn)::float8 as l`.execute(db))
  .rows[0].l;
const us = (ms: number) => ((ms * 1000) / n).toFixed(1);
console.log({
  n,
  claimPg: us(claimPg),
  recPg: us(recPg),
  claimJs: us(claimJs),
  recJs: us(recJs),
  walPer: Math.round(wal / n),
});
process.exit(0);
