import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import type pg from 'pg';
import { openDatabaseSession } from './database-session.ts';
import { CliError, messageOf } from '../failure.ts';
import { invocationOf } from '../invocation.ts';
import { print } from '../output.ts';
import { formatTable } from '../table.ts';

/** Type ids (pg_type.oid) of int8, int2, int4, float4, float8 and numeric. */
const NUMERIC = new Set([20, 21, 23, 700, 701, 1700]);
/** Every value as the text that Postgres makes of it. */
const AS_TEXT = { getTypeParser: () => (value: string) => value };

/**
 * `sql` queries the database where there is no psql; `database-url` prints its address for psql.
 */
export function addSql(program: Command): void {
  program
    .command('sql')
    .description('run one query in a read-only transaction and print its rows')
    .argument('[query]', 'read from standard input where it is left out')
    .action(async (given: string | undefined, _options, command: Command) => {
      const query = given ?? (await readAll(invocationOf(command).stdin));
      await using session = await openDatabaseSession(command);
      const { fields, rows } = await runReadOnly(session.pool, query);
      const records = rows.map((row) =>
        Object.fromEntries(fields.map(({ name }, i) => [name, row[i] ?? null])),
      );
      const columns = fields.map(({ name, dataTypeID }) => ({ name, numeric: NUMERIC.has(dataTypeID) }));
      const count = `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`;
      print(command, { data: records }, `${formatTable(columns, rows)}\n${count}`);
    });

  program
    .command('database-url')
    .description('print where the database is, with its password, for psql and other tools')
    .action(async (_options, command: Command) => {
      await using session = await openDatabaseSession(command);
      if (session.temporary)
        throw new CliError('The embedded database runs only while the service does. Start it first.');
      print(command, { database_url: session.url }, session.url);
    });
}

async function runReadOnly(pool: pg.Pool, query: string): Promise<pg.QueryArrayResult<(string | null)[]>> {
  const client = await pool.connect();
  try {
    await client.query(`begin read only; set local time zone 'UTC'`);
    return await client.query<(string | null)[]>({ text: query, rowMode: 'array', types: AS_TEXT });
  } catch (error) {
    throw new CliError(messageOf(error));
  } finally {
    // Fails where the connection is gone, and the transaction with it.
    await client.query('rollback').catch(() => undefined);
    client.release();
  }
}
