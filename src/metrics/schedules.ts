import { sql } from 'kysely';
import { SCHEDULE_STATUSES, type ScheduleStatus } from '../database/enumerations.ts';
import type { DbOrTx } from '../database/tables.ts';
import { metric } from './text.ts';

interface Row {
  status: ScheduleStatus;
  schedules: number;
  late_seconds: number | null;
}

/** How many schedules there are, and how late the latest of those that are due is. */
export async function scheduleMetrics(db: DbOrTx): Promise<string> {
  const { rows } = await sql<Row>`
    select status, count(*)::int as schedules,
      max(extract(epoch from now() - next_run_at))::float8 as late_seconds
    from schedules group by status`.execute(db);
  const byStatus = new Map(rows.map(({ status, schedules }) => [status, schedules]));
  const samples = SCHEDULE_STATUSES.map((status) => ({
    labels: { status },
    value: byStatus.get(status) ?? 0,
  }));
  const late = Math.max(0, ...rows.map(({ late_seconds }) => late_seconds ?? 0));
  return (
    metric('ollagraph_schedules', 'gauge', 'Schedules by status.', samples) +
    metric('ollagraph_schedules_late_seconds', 'gauge', 'How long the oldest due run has been waiting.', [
      { labels: {}, value: late },
    ])
  );
}
