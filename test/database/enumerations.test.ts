import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import * as lists from '../../src/database/enumerations.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database[Symbol.asyncDispose]());

/** Every column with a closed list of values, and the list in the code that it must equal. */
const COLUMNS: Record<string, readonly string[]> = {
  'api_keys.scopes': lists.KEY_SCOPES,
  'attempts.trigger': lists.ATTEMPT_TRIGGERS,
  'audit_events.actor': lists.AUDIT_ACTORS,
  'credit_entries.kind': lists.CREDIT_KINDS,
  'deliveries.event': lists.DELIVERY_EVENTS,
  'deliveries.status': lists.ENDED_DELIVERY_STATUSES,
  'jobs.deliver': lists.DELIVER_MODES,
  'jobs.kind': lists.JOB_KINDS,
  'jobs.status': lists.JOB_STATUSES,
  'jobs.webhook_events': lists.WEBHOOK_EVENTS,
  'jobs.webhook_payload': lists.STORED_PAYLOADS,
  'outbox.event': lists.DELIVERY_EVENTS,
  'outbox.status': lists.OUTBOX_STATUSES,
  'outbox.trigger': lists.ATTEMPT_TRIGGERS,
  'pages.change': lists.PAGE_CHANGES,
  'pages.status': lists.PAGE_STATUSES,
  'schedule_runs.skip_reason': lists.SKIP_REASONS,
  'schedule_runs.status': lists.RUN_STATUSES,
  'schedule_runs.trigger': lists.RUN_TRIGGERS,
  'schedules.deliver': lists.DELIVER_MODES,
  'schedules.kind': lists.SCHEDULE_KINDS,
  'schedules.status': lists.SCHEDULE_STATUSES,
};

test('each list of values is the one that its CHECK constraint allows', async () => {
  const { rows } = await sql<{ column: string; definition: string }>`
    select format('%s.%s', t.relname, a.attname) as column, pg_get_constraintdef(c.oid) as definition
    from pg_constraint c
      join pg_class t on t.oid = c.conrelid and not t.relispartition
      join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
    where c.contype = 'c' and t.relnamespace = 'public'::regnamespace and cardinality(c.conkey) = 1
      and pg_get_constraintdef(c.oid) like '%ARRAY[%'`.execute(database.db);
  const allowed = Object.fromEntries(
    rows.map(({ column, definition }) => [
      column,
      Array.from(definition.matchAll(/'([^']+)'::text/g), (match) => match[1]!).toSorted(),
    ]),
  );
  assert.deepEqual(
    allowed,
    Object.fromEntries(Object.entries(COLUMNS).map(([column, list]) => [column, list.toSorted()])),
  );
});
