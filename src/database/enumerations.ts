/**
 * The values that columns may have, one list for each: types, schemas, choices and labels derive
 * from it, and test/database/enumerations.test.ts compares it with the column's CHECK constraint.
 */
export const JOB_KINDS = ['scrape', 'batch', 'crawl', 'map'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export const ENDED_JOB_STATUSES = ['completed', 'failed', 'cancelled'] as const;
export type EndedJobStatus = (typeof ENDED_JOB_STATUSES)[number];

export const JOB_STATUSES = ['queued', 'running', ...ENDED_JOB_STATUSES] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const SETTLED_PAGE_STATUSES = ['ok', 'failed', 'skipped', 'cancelled'] as const;

export const PAGE_STATUSES = ['pending', ...SETTLED_PAGE_STATUSES] as const;
export type PageStatus = (typeof PAGE_STATUSES)[number];

/** The events of a job that its webhook may ask for. */
export const WEBHOOK_EVENTS = ['job.started', 'job.page', 'job.completed'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** What a job's webhook may carry. */
export const WEBHOOK_PAYLOADS = ['full', 'summary', 'link'] as const;
/** `firecrawl`: the job was made in Firecrawl's form, and its webhook speaks that too. */
export const STORED_PAYLOADS = [...WEBHOOK_PAYLOADS, 'firecrawl'] as const;
export type WebhookPayload = (typeof STORED_PAYLOADS)[number];

/** The events of a job whose webhook speaks Firecrawl. */
export const FIRECRAWL_EVENTS = [
  'crawl.started',
  'crawl.page',
  'crawl.completed',
  'crawl.failed',
  'batch_scrape.started',
  'batch_scrape.page',
  'batch_scrape.completed',
  'batch_scrape.failed',
] as const;
export type FirecrawlEvent = (typeof FIRECRAWL_EVENTS)[number];

/**
 * What a delivery reports: an event of a job, several `job.page` in one, or a test that its owner
 * asked for.
 */
export const DELIVERY_EVENTS = [
  'job.started',
  'job.page',
  'job.pages',
  'job.completed',
  'test',
  ...FIRECRAWL_EVENTS,
] as const;
export type DeliveryEvent = (typeof DELIVERY_EVENTS)[number];

export const OUTBOX_STATUSES = ['waiting', 'sending'] as const;
export type OutboxStatus = (typeof OUTBOX_STATUSES)[number];

export const ENDED_DELIVERY_STATUSES = ['delivered', 'exhausted', 'cancelled'] as const;
export type EndedDeliveryStatus = (typeof ENDED_DELIVERY_STATUSES)[number];

/** A delivery's status as its owner sees it: `pending` is whatever is in the outbox. */
export const DELIVERY_STATUSES = ['pending', ...ENDED_DELIVERY_STATUSES] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Who asked for an attempt. */
export const ATTEMPT_TRIGGERS = ['schedule', 'manual', 'recover', 'test'] as const;
export type AttemptTrigger = (typeof ATTEMPT_TRIGGERS)[number];

/** What a key may do. */
export const KEY_SCOPES = ['scrape', 'jobs:read', 'webhooks', 'account'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** How a key stands, as its owner sees it. */
export const KEY_STATUSES = ['works', 'expired', 'revoked'] as const;

/** Who did what is in the audit. */
export const AUDIT_ACTORS = ['key', 'console', 'operator', 'service'] as const;
export type AuditActor = (typeof AUDIT_ACTORS)[number];

/** What is recorded: whatever changes something for good, or costs. */
export type AuditAction =
  | `key.${'create' | 'revoke'}`
  | 'secret.rotate'
  | `job.${'create' | 'cancel'}`
  | `endpoint.${'pause' | 'resume' | 'cancel-pending'}`
  | `delivery.${'redeliver' | 'recover' | 'test'}`
  | `schedule.${'create' | 'update' | 'delete' | 'pause' | 'resume' | 'run'}`
  | `account.${'create' | 'rename' | 'suspend' | 'resume' | 'credit'}`;

export const CREDIT_KINDS = ['grant', 'reserve', 'release'] as const;
export type CreditKind = (typeof CREDIT_KINDS)[number];

/** What became of a page since the last run of its schedule. Pages that are gone are `removed`. */
export const PAGE_CHANGES = ['added', 'changed', 'unchanged'] as const;
export type PageChange = (typeof PAGE_CHANGES)[number];

/** Which runs of a schedule have a delivery: all, or those that found a change. */
export const DELIVER_MODES = ['always', 'changes'] as const;
export type DeliverMode = (typeof DELIVER_MODES)[number];

/** The kinds of jobs that a schedule can run. */
export const SCHEDULE_KINDS = ['scrape', 'batch', 'crawl'] as const satisfies readonly JobKind[];
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];

export const SCHEDULE_STATUSES = ['active', 'paused', 'ended'] as const;
export type ScheduleStatus = (typeof SCHEDULE_STATUSES)[number];

/** Why the service paused a schedule. */
export const PAUSE_REASONS = ['key_revoked'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

export const RUN_STATUSES = ['running', ...ENDED_JOB_STATUSES, 'skipped'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Who asked for a run. */
export const RUN_TRIGGERS = ['schedule', 'manual'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/** Why a run was skipped. */
export const SKIP_REASONS = ['still_running', 'out_of_credits', 'account_suspended', 'job_refused'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];
