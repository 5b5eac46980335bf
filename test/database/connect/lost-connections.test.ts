import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase, type Database } from '../../../src/database/connect/connection.ts';
import { TcpProxy } from '../../faults/rig/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let network: TcpProxy;
let pool: Database;
const broken: string[] = [];
before(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  network = new TcpProxy(Number(url.port));
  await network.start();
  url.port = String(network.port);
  pool = openDatabase(url.href, { max: 3, onError: (error) => broken.push(error.message) });
});
after(async () => {
  await pool[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test('a statement on a connection the server forgot fails soon; the next gets another', async () => {
  await sql`select 1`.execute(pool.db);
  network.break('half-open');
  network.heal();
  // The statement's own limit is ten seconds; it must fail for another reason.
  await assert.rejects(sql`select 1`.execute(pool.db), /Connection terminated/);
  await sql`select 1`.execute(pool.db);
  assert.deepEqual(broken, ['Connection terminated: the server has dropped it']);
});

test('so does one with a callback, like those of the queue', async () => {
  await pool.pool.query('select 1');
  network.break('half-open');
  network.heal();
  await assert.rejects(pool.pool.query('select 1'), /Connection terminated/);
});

test('statements that take long or wait for a lock are left alone', async () => {
  await sql`create table held (id integer)`.execute(pool.db);
  const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
  const holding = pool.db.transaction().execute(async (tx) => {
    await sql`lock table held`.execute(tx);
    isHeld();
    await sql`select pg_sleep(6)`.execute(tx);
  });
  await held;
  const waiting = sql`select count(*)::int as n from held`.execute(pool.db);
  await holding;
  assert.deepEqual((await waiting).rows, [{ n: 0 }]);
});
