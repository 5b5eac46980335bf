import { addAbortListener, once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { linesOf } from './lines.ts';
import { readMigrations } from './migrations.ts';
import { QUEUE_SCHEMA } from './queue.ts';
import { OperatorError } from '../operator-error.ts';

/** A backup cannot be made or restored. The message is for the operator. */
export class BackupError extends OperatorError {
  override name = 'BackupError';
}

/**
 * The first line of a backup. After it, each table has a line of JSON (its name and columns), its
 * rows in Postgres's COPY text format, and a line `\.`. The last line is END. The whole is
 * compressed by gzip.
 */
interface Header {
  format: 'ollagraph-backup-1';
  created_at: string;
  /** Name and checksum of each migration. */
  migrations: [string, string][];
  /** The days (UTC) that have partitions. */
  days: string[];
}

interface Table {
  table: string;
  columns: string[];
}

const END = '{"end":true}';
const END_OF_TABLE = '\\.';
/** Filled by the migrations, or rebuilt by the service. */
const LEFT_OUT = ['schema_migrations', 'partitioned_tables', 'rate_buckets'];

/**
 * Writes all data to the file as of one moment. A file of that name is replaced when the backup is
 * complete. Throws, and leaves nothing behind, also where the signal aborts.
 */
export async function writeBackup(pool: pg.Pool, file: string, signal?: AbortSignal): Promise<void> {
  const partial = `${file}.${process.pid}.partial`;
  using session = await connect(pool, signal);
  const { client } = session;
  try {
    await client.query('begin isolation level repeatable read, read only');
    const output = createWriteStream(partial, { mode: 0o600, flush: true });
    await pipeline(Readable.from(contentOf(client)), createGzip(), output, { signal });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw signal?.aborted ? signal.reason : error;
  }
}

/**
 * A connection that ends with its disposal, or as soon as the signal aborts: a statement that waits
 * for a lock would keep us waiting too. What runs on it then fails.
 */
async function connect(pool: pg.Pool, signal?: AbortSignal): Promise<{ client: pg.ClientBase } & Disposable> {
  const client = await pool.connect();
  let open = true;
  const end = () => {
    if (open) client.release(true);
    open = false;
  };
  const listener = signal && addAbortListener(signal, end);
  return {
    client,
    [Symbol.dispose]: () => {
      listener?.[Symbol.dispose]();
      end();
    },
  };
}

async function* contentOf(client: pg.ClientBase): AsyncGenerator<Buffer | string> {
  const header: Header = {
    format: 'ollagraph-backup-1',
    created_at: new Date().toISOString(),
    migrations: (await readMigrations()).map(({ name, checksum }) => [name, checksum]),
    days: await daysOf(client),
  };
  yield `${JSON.stringify(header)}\n`;
  for (const table of await tablesOf(client)) {
    yield `${JSON.stringify(table)}\n`;
    yield* client.query(copyTo(`copy (select ${table.columns.join(', ')} from ${table.table}) to stdout`));
    yield `${END_OF_TABLE}\n`;
  }
  yield `${END}\n`;
}

async function daysOf(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ day: string }>(`
    select distinct right(c.relname, 8) as day
    from partitioned_tables t
      join pg_inherits i on i.inhparent = t.name::regclass
      join pg_class c on c.oid = i.inhrelid
    where c.relname ~ '_[0-9]{8}$' order by 1`);
  return rows.map(({ day }) => day);
}

/**
 * Our tables and the queue's entries, with quoted names; a table comes after those that its foreign
 * keys name.
 */
async function tablesOf(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `with recursive tables as (
      select oid from pg_class
      where relkind in ('r', 'p') and not relispartition and relname <> all($1::text[])
        and (
          relnamespace = (select relnamespace from pg_class where oid = 'jobs'::regclass)
          or oid = '${QUEUE_SCHEMA}.job'::regclass
        )
    ), depths as (
      select oid, 0 as depth from tables
      union
      select c.conrelid, d.depth + 1
      from depths d join pg_constraint c on c.confrelid = d.oid and c.contype = 'f'
      where c.conrelid <> c.confrelid and c.conrelid in (select oid from tables)
    )
    select oid::regclass::text as table, array(
        select quote_ident(attname) from pg_attribute
        where attrelid = oid and attnum > 0 and not attisdropped and attgenerated = ''
        order by attnum
      ) as columns
    from depths group by oid order by max(depth), oid::regclass::text`,
    [LEFT_OUT],
  );
  return rows;
}

/**
 * Loads a backup into a migrated database that holds no account yet, all or nothing. Throws a
 * BackupError where the file is none, is incomplete, or was made by another version, or the
 * database is in use; the signal's reason where that aborts.
 */
export async function restoreBackup(pool: pg.Pool, file: string, signal?: AbortSignal): Promise<void> {
  using session = await connect(pool, signal);
  const { client } = session;
  const lines = linesOf(unzipped(file, signal));
  try {
    await client.query('begin');
    await checkHeader(client, await nextJson<Header | null>(lines));
    for (;;) {
      const table = await nextJson<Table & { end?: true }>(lines);
      if (table.end) break;
      await loadTable(client, table, lines);
    }
    await client.query(
      `select setval(pg_get_serial_sequence('credit_entries', 'id'), greatest(1, max(id)))
        from credit_entries`,
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the connection is gone
    throw signal?.aborted ? signal.reason : explain(file, error);
  } finally {
    await lines.return(undefined);
  }
}

/** Begins to read at the first request, so that the reader gets the errors. */
async function* unzipped(file: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const unzip = createGunzip();
  const read = pipeline(createReadStream(file), unzip, { signal });
  read.catch(() => undefined); // the iteration throws the same
  yield* unzip;
}

function explain(file: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith('Z_') || error instanceof SyntaxError)
    return new BackupError(`${file} is no complete backup: ${message}.`, { cause: error });
  return error;
}

async function nextJson<T>(lines: AsyncGenerator<Buffer>): Promise<T> {
  const { value, done } = await lines.next();
  if (done) throw new BackupError('The backup is incomplete: it has no end.');
  return JSON.parse(value.toString()) as T;
}

async function checkHeader(client: pg.ClientBase, header: Header | null): Promise<void> {
  if (header?.format !== 'ollagraph-backup-1') throw new BackupError('The file is no backup of Ollagraph.');
  const { migrations, days } = header;
  const ours = (await readMigrations()).map(({ name, checksum }) => [name, checksum]);
  if (JSON.stringify(ours) !== JSON.stringify(migrations))
    throw new BackupError(
      'The backup was made by another version of Ollagraph. Restore it with that version.',
    );
  await client.query('lock table accounts');
  const { rows } = await client.query<{ used: boolean }>('select exists (select from accounts) as used');
  if (rows[0]!.used)
    throw new BackupError(
      'The database holds accounts already. Restore into a new one: another DATA_DIR or DATABASE_URL.',
    );
  for (const day of days) await client.query('select ensure_partitions($1::date)', [day]);
}

async function loadTable(
  client: pg.ClientBase,
  { table, columns }: Table,
  lines: AsyncGenerator<Buffer>,
): Promise<void> {
  const copy = client.query(copyFrom(`copy ${table} (${columns.join(', ')}) from stdin`));
  const loaded = finished(copy);
  loaded.catch(() => undefined); // awaited below, after the last line
  try {
    for (let line = await nextLine(lines); line !== END_OF_TABLE; line = await nextLine(lines)) {
      copy.write(line);
      if (!copy.write('\n') && !copy.destroyed) await Promise.race([once(copy, 'drain'), loaded]);
    }
    copy.end();
  } catch (error) {
    // Until then the connection takes nothing but rows.
    copy.destroy(error as Error);
    await loaded.catch(() => undefined); // it says of the error only that there was one
    throw error;
  }
  await loaded;
}

/** A row, or the end of its table. Throws where there is neither. */
async function nextLine(lines: AsyncGenerator<Buffer>): Promise<Buffer | typeof END_OF_TABLE> {
  const { value, done } = await lines.next();
  if (done) throw new BackupError('The backup is incomplete: it has no end.');
  const isEnd = value.length === END_OF_TABLE.length && value.toString() === END_OF_TABLE;
  return isEnd ? END_OF_TABLE : value;
}
