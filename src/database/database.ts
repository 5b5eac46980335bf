import { Kysely, PostgresDialect, type ColumnType, type Generated, type Transaction } from 'kysely';
import pg from 'pg';
import { LostConnections, watchedClient } from './lost-connections.ts';

type Timestamp = Date;

export interface AccountsTable {
  id: string;
  name: string;
  plan: Generated<string>;
  credits: number;
  webhook_secret: string;
  previous_secret: string | null;
  previous_secret_until: Timestamp | null;
  created_at: Generated<Timestamp>;
}

export interface ApiKeysTable {
  id: string;
  account_id: string;
  name: string;
  secret_sha256: Buffer;
  created_at: Generated<Timestamp>;
  revoked_at: Timestamp | null;
}

export interface CreditEntriesTable {
  id: Generated<number>;
  account_id: string;
  kind: 'grant' | 'reserve' | 'release';
  amount: number;
  job_id: string | null;
  note: string | null;
  created_at: Generated<Timestamp>;
}

export interface IdempotencyKeysTable {
  account_id: string;
  key: string;
  request_sha256: Buffer;
  job_id: string;
  created_at: Generated<Timestamp>;
}

export type WebhookEvent = 'job.started' | 'job.page' | 'job.completed';
export type JobKind = 'scrape' | 'batch' | 'crawl';
export type JobState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
export type PageState = 'pending' | 'ok' | 'failed' | 'skipped' | 'cancelled';

export interface JobsTable {
  account_id: string;
  id: string;
  kind: JobKind;
  state: Generated<JobState>;
  options: unknown;
  metadata: string | null;
  webhook_url: string | null;
  webhook_payload: Generated<'full' | 'summary'>;
  webhook_headers: ColumnType<Record<string, string> | null, string | null, never>;
  webhook_events: Generated<WebhookEvent[]>;
  priority: Generated<number>;
  total: number;
  remaining: number;
  succeeded: Generated<number>;
  failed: Generated<number>;
  skipped: Generated<number>;
  cancelled: Generated<number>;
  reserved: number;
  max_pages: number | null;
  expand_ordinal: Generated<number>;
  expand_offset: Generated<number>;
  request_id: string | null;
  traceparent: string | null;
  created_at: Generated<Timestamp>;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
}

export interface PagesTable {
  account_id: string;
  job_id: string;
  ordinal: number;
  url: string;
  host: string;
  url_hash: Buffer | null;
  cache_key: Buffer;
  depth: Generated<number>;
  state: Generated<PageState>;
  tries: Generated<number>;
  fragment: string | null;
  links: string | null;
  http_status: number | null;
  error_code: string | null;
  duration_ms: number | null;
  settled_at: Timestamp | null;
}

export interface PageAliasesTable {
  account_id: string;
  job_id: string;
  url_hash: Buffer;
}

export interface HostsTable {
  host: string;
  next_allowed_at: Generated<Timestamp>;
  backoff_until: Timestamp | null;
  backoffs: Generated<number>;
  last_status: number | null;
  updated_at: Generated<Timestamp>;
}

export type AttemptTrigger = 'schedule' | 'manual' | 'recover' | 'test';

/** What the outbox and the history of deliveries have in common. */
interface DeliveryColumns {
  account_id: string;
  id: string;
  job_id: string | null;
  event: string;
  webhook_url: string;
  endpoint: string;
  webhook_id: string;
  head: string;
  tail: string;
  whole_job: boolean;
  page_ordinal: number | null;
  headers: Record<string, string> | null;
  body_bytes: number | null;
  body_sha256: Buffer | null;
  last_status: number | null;
  last_error: string | null;
  request_id: string | null;
  traceparent: string | null;
}

export interface OutboxTable extends DeliveryColumns {
  state: Generated<'waiting' | 'sending'>;
  next_attempt_at: Generated<Timestamp>;
  leased_until: Timestamp | null;
  schedule_step: Generated<number>;
  attempts: Generated<number>;
  trigger: Generated<AttemptTrigger>;
  created_at: Generated<Timestamp>;
}

export interface DeliveriesTable extends DeliveryColumns {
  state: 'delivered' | 'exhausted' | 'cancelled';
  schedule_step: number;
  attempts: number;
  created_at: Timestamp;
  finished_at: Generated<Timestamp>;
}

export interface AttemptsTable {
  account_id: string;
  delivery_id: string;
  number: number;
  trigger: AttemptTrigger;
  started_at: Generated<Timestamp>;
  finished_at: Timestamp | null;
  status: number | null;
  error: string | null;
  dns_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  first_byte_ms: number | null;
  total_ms: number | null;
  bytes_sent: number | null;
  answer: string | null;
  remote_address: string | null;
}

export interface Tables {
  accounts: AccountsTable;
  api_keys: ApiKeysTable;
  credit_entries: CreditEntriesTable;
  idempotency_keys: IdempotencyKeysTable;
  jobs: JobsTable;
  pages: PagesTable;
  page_aliases: PageAliasesTable;
  hosts: HostsTable;
  outbox: OutboxTable;
  deliveries: DeliveriesTable;
  attempts: AttemptsTable;
}

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;
/** What store functions take first: the caller owns the transaction. */
export type DbOrTx = Db | Tx;

const types = new pg.TypeOverrides();
// Counts and byte lengths stay far below 2^53.
types.setTypeParser(pg.types.builtins.INT8, Number);

export interface Database extends AsyncDisposable {
  db: Db;
  pool: pg.Pool;
}

/** A statement that takes longer counts as lost: longer than any of ours, short enough to be back soon after a network that went silent. */
const QUERY_TIMEOUT_MS = 10_000;
/** Where somebody waits for one long statement: a migration, a command of an operator. */
export const UNHURRIED_MS = 6 * 3600_000;
/** Postgres ends a session whose transaction rests so long: behind a broken network it would hold its locks for hours. */
const IDLE_TRANSACTION_MS = 15_000;

/**
 * Opens a pool of at most `max` connections. Statements end after `queryTimeoutMs`, so that a database that has gone silent
 * does not hold its callers for good; `onError` hears of connections that broke, idle or in use.
 */
export function openDatabase(
  url: string,
  max: number,
  onError: (error: Error) => void,
  queryTimeoutMs: number = QUERY_TIMEOUT_MS,
): Database {
  const lost = new LostConnections({ connectionString: url });
  const pool = new pg.Pool({
    Client: watchedClient(lost),
    connectionString: url,
    max,
    types,
    connectionTimeoutMillis: 10_000,
    query_timeout: queryTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'ollagraph',
    // oxlint-disable-next-line typescript/no-misused-promises -- pg waits for it, and its types do not say so
    onConnect: async (client) => {
      const { rows } = await client.query<{ pid: number }>(
        `select pg_backend_pid() as pid, set_config('idle_in_transaction_session_timeout', $1, false)`,
        [`${IDLE_TRANSACTION_MS}ms`],
      );
      lost.serves(client, rows[0]!.pid);
    },
  });
  // The pool hears only of idle connections, and an error that nobody hears ends the process.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => undefined);
  return {
    pool,
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    // Not Kysely's destroy(): it leaves the pool open where no query went through Kysely.
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
