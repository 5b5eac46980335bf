import type { Generated, GeneratedAlways, Kysely, Transaction } from 'kysely';
import type {
  AttemptTrigger,
  CreditKind,
  DeliverMode,
  DeliveryEvent,
  EndedDeliveryStatus,
  JobKind,
  JobStatus,
  KeyScope,
  OutboxStatus,
  PageChange,
  PageStatus,
  PauseReason,
  RunStatus,
  RunTrigger,
  ScheduleKind,
  ScheduleStatus,
  SkipReason,
  WebhookEvent,
  WebhookPayload,
} from './enumerations.ts';

type Timestamp = Date;

export interface AccountsTable {
  id: string;
  name: string;
  plan: Generated<string>;
  credits: number;
  webhook_secret: string;
  previous_secrets: Generated<string[]>;
  previous_secrets_until: Generated<Timestamp[]>;
  suspended_at: Timestamp | null;
  link_key: Generated<Buffer>;
  created_at: Generated<Timestamp>;
}

export interface ApiKeysTable {
  id: string;
  account_id: string;
  name: string;
  secret_sha256: Buffer;
  created_at: Generated<Timestamp>;
  last_used_at: Timestamp | null;
  revoked_at: Timestamp | null;
  scopes: Generated<KeyScope[]>;
  expires_at: Timestamp | null;
  credit_limit: number | null;
  credits_used: Generated<number>;
}

export interface CreditEntriesTable {
  id: Generated<number>;
  account_id: string;
  kind: CreditKind;
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

export interface JobsTable {
  account_id: string;
  id: string;
  kind: JobKind;
  status: Generated<JobStatus>;
  options: unknown;
  secrets: string | null;
  session: string | null;
  metadata: string | null;
  webhook_url: string | null;
  webhook_payload: Generated<WebhookPayload>;
  webhook_headers: string | null;
  webhook_events: Generated<WebhookEvent[]>;
  priority: Generated<number>;
  total: number;
  remaining: number;
  succeeded: Generated<number>;
  unbilled: Generated<number>;
  surcharge: Generated<number>;
  blocked: Generated<number>;
  failed: Generated<number>;
  skipped: Generated<number>;
  cancelled: Generated<number>;
  reserved: number;
  max_pages: number | null;
  schedule_id: string | null;
  run: number | null;
  job_baseline: number | null;
  content_baseline: number | null;
  deliver: DeliverMode | null;
  diff: boolean | null;
  expand_ordinal: Generated<number>;
  expand_offset: Generated<number>;
  request_id: string | null;
  traceparent: string | null;
  created_at: Generated<Timestamp>;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
  finish_by: Timestamp | null;
  cut_short: Generated<boolean>;
  key_id: string | null;
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
  status: Generated<PageStatus>;
  tries: Generated<number>;
  fragment: string | null;
  links: string | null;
  http_status: number | null;
  error_code: string | null;
  unbilled: Generated<boolean>;
  surcharge: Generated<number>;
  blocked: Generated<boolean>;
  duration_ms: number | null;
  settled_at: Timestamp | null;
  change: PageChange | null;
  left_out: boolean | null;
}

export interface PageAliasesTable {
  account_id: string;
  job_id: string;
  url_hash: Buffer;
}

export interface FilesTable {
  account_id: string;
  job_id: string;
  name: string;
  ordinal: number;
  type: string;
  sha256: Buffer;
  bytes: GeneratedAlways<number>;
  content: Buffer;
}

export interface HostsTable {
  host: string;
  next_allowed_at: Generated<Timestamp>;
  backoff_until: Timestamp | null;
  last_status_code: number | null;
  delay_ms: number | null;
  turn_of: string | null;
  updated_at: Generated<Timestamp>;
}

export interface AccountHostsTable {
  account_id: string;
  host: string;
  next_allowed_at: Generated<Timestamp>;
  backoff_until: Timestamp | null;
  backoffs: Generated<number>;
  shared_at: Timestamp | null;
  delay_ms: number | null;
  updated_at: Generated<Timestamp>;
}

/** What the outbox and the history of deliveries have in common. */
interface DeliveryColumns {
  account_id: string;
  id: string;
  job_id: string | null;
  event: DeliveryEvent;
  webhook_url: string;
  endpoint: string;
  webhook_id: string;
  head: string;
  tail: string;
  link: string | null;
  whole_job: boolean;
  page_ordinals: number[] | null;
  headers: string | null;
  body_bytes: number | null;
  body_sha256: Buffer | null;
  last_status_code: number | null;
  last_error: string | null;
  request_id: string | null;
  traceparent: string | null;
}

export interface OutboxTable extends DeliveryColumns {
  status: Generated<OutboxStatus>;
  next_attempt_at: Generated<Timestamp>;
  leased_until: Timestamp | null;
  begun_at: Timestamp | null;
  schedule_step: Generated<number>;
  attempts: Generated<number>;
  fence: Generated<number>;
  lane: GeneratedAlways<number>;
  trigger: Generated<AttemptTrigger>;
  created_at: Generated<Timestamp>;
}

export interface DeliveriesTable extends DeliveryColumns {
  status: EndedDeliveryStatus;
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
  status_code: number | null;
  error: string | null;
  error_detail: string | null;
  dns_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  first_byte_ms: number | null;
  duration_ms: number | null;
  bytes_sent: number | null;
  response_body: string | null;
  remote_address: string | null;
}

export interface SchedulesTable {
  account_id: string;
  id: string;
  name: string;
  status: Generated<ScheduleStatus>;
  pause_reason: PauseReason | null;
  cron: string | null;
  every_seconds: number | null;
  timezone: string;
  until: Timestamp | null;
  kind: ScheduleKind;
  url: string;
  request: string;
  deliver: DeliverMode;
  diff: boolean;
  heartbeat_days: number | null;
  key_id: string;
  next_run_at: Timestamp | null;
  runs: Generated<number>;
  job_baseline: Generated<number>;
  content_baseline: Generated<number>;
  created_at: Generated<Timestamp>;
  updated_at: Generated<Timestamp>;
}

export interface ScheduleRunsTable {
  account_id: string;
  schedule_id: string;
  run: number;
  trigger: RunTrigger;
  status: Generated<RunStatus>;
  skip_reason: SkipReason | null;
  skip_detail: string | null;
  job_id: string | null;
  due_at: Timestamp;
  started_at: Generated<Timestamp>;
  finished_at: Timestamp | null;
  added: number | null;
  changed: number | null;
  removed: number | null;
  unchanged: number | null;
  removed_urls: string | null;
  complete: boolean | null;
  reported: Generated<boolean>;
  failed_sitemaps: string | null;
}

export interface KnownPagesTable {
  account_id: string;
  schedule_id: string;
  url_hash: Buffer;
  url: string;
  sha256: Buffer;
  etag: string | null;
  last_modified: string | null;
  links: string | null;
  aliases: string | null;
  depth: Generated<number>;
  compared_text: string | null;
  last_run: number;
  content_run: Generated<number>;
}

export interface Tables {
  accounts: AccountsTable;
  api_keys: ApiKeysTable;
  credit_entries: CreditEntriesTable;
  idempotency_keys: IdempotencyKeysTable;
  jobs: JobsTable;
  pages: PagesTable;
  page_aliases: PageAliasesTable;
  files: FilesTable;
  hosts: HostsTable;
  account_hosts: AccountHostsTable;
  outbox: OutboxTable;
  deliveries: DeliveriesTable;
  attempts: AttemptsTable;
  schedules: SchedulesTable;
  schedule_runs: ScheduleRunsTable;
  known_pages: KnownPagesTable;
}

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;
/** What store functions take first: the caller owns the transaction. */
export type DbOrTx = Db | Tx;
