import type { Command } from 'commander';
import { DELIVERY_STATUSES } from '../../database/enumerations.ts';
import { moment, oneOf, wholeNumber } from '../arguments.ts';
import { formatRecord, print, printList, tableOf } from '../output.ts';
import type { Delivery, DeliverySummary, Recovered } from './answers.ts';
import { connect, type Connection } from './api.ts';
import { clientCommand } from './command.ts';
import { take } from './take.ts';

interface ListOptions extends Connection {
  status?: DeliverySummary['status'];
  job?: string;
  webhookUrl?: string;
  since?: Date;
  until?: Date;
  limit: number;
}

interface RecoverOptions extends Connection {
  since: Date;
  until?: Date;
  webhookUrl?: string;
  dryRun?: true;
}

/** `deliveries`, `redeliver` and `recover`. */
export function addDeliveries(program: Command): void {
  clientCommand(
    program,
    'deliveries [delivery_id]',
    'your deliveries, newest first; or one with its attempts',
  )
    .option('--status <status>', 'only these', oneOf(...DELIVERY_STATUSES))
    .option('--job <id>', 'only those of this job')
    .option('--webhook-url <url>', 'only those to this URL')
    .option('--since <time>', 'created at or after this time (or how long ago: 2h)', moment)
    .option('--until <time>', 'created before this time', moment)
    .option('--limit <n>', 'maximum number of deliveries', wholeNumber(1, 100_000), 20)
    .action(async (id: string | undefined, options: ListOptions, command: Command) => {
      const api = connect(command);
      if (id === undefined) {
        const { status, job: job_id, webhookUrl: webhook_url, limit } = options;
        const query = { status, job_id, webhook_url, ...windowOf(options), limit: Math.min(limit, 100) };
        printDeliveries(command, await take(api.list<DeliverySummary>('/v1/deliveries', query), limit));
      } else {
        const delivery = await api.get<Delivery>(`/v1/deliveries/${encodeURIComponent(id)}`);
        print(command, delivery, describeDelivery(delivery));
      }
    });

  clientCommand(
    program,
    'redeliver <delivery_id>',
    'send a delivery again, now: the same bytes under a new signature',
  ).action(async (id: string, options: Connection, command: Command) => {
    const delivery = await connect(command).post<Delivery>(
      `/v1/deliveries/${encodeURIComponent(id)}/redeliver`,
    );
    print(command, delivery, `${delivery.id} is sent again to ${delivery.webhook_url}`);
  });

  clientCommand(program, 'recover', 'send again all that failed for good in a window of time')
    .requiredOption(
      '--since <time>',
      'deliveries created at or after this time (or how long ago: 2h)',
      moment,
    )
    .option('--until <time>', 'and before this one', moment)
    .option('--webhook-url <url>', 'only those to this URL')
    .option('--dry-run', 'only count them')
    .action(async (options: RecoverOptions, command: Command) => {
      const { webhookUrl: webhook_url, dryRun: dry_run = false } = options;
      const body = { ...windowOf(options), webhook_url, dry_run };
      const recovered = await connect(command).post<Recovered>('/v1/deliveries/recover', body);
      const { deliveries: count } = recovered;
      const what = `${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
      print(command, recovered, dry_run ? `${what} would be sent again.` : `${what} sent again.`);
    });
}

function windowOf({ since, until }: { since?: Date; until?: Date }) {
  return { since: since?.toISOString(), until: until?.toISOString() };
}

function printDeliveries(command: Command, deliveries: DeliverySummary[]): void {
  printList(command, deliveries, [
    { name: 'delivery', of: (row) => row.id },
    { name: 'event', of: (row) => row.event },
    { name: 'status', of: (row) => row.status },
    { name: 'attempts', of: (row) => row.attempts, numeric: true },
    { name: 'last', of: (row) => row.last_error ?? row.last_status },
    { name: 'created_at', of: (row) => new Date(row.created_at) },
    { name: 'webhook_url', of: (row) => row.webhook_url },
  ]);
}

/** A delivery as a record, and its attempts as a table. */
export function describeDelivery({ attempt_log, ...delivery }: Delivery): string {
  const attempts = tableOf(attempt_log, [
    { name: 'attempt', of: (row) => row.number, numeric: true },
    { name: 'trigger', of: (row) => row.trigger },
    { name: 'started_at', of: (row) => new Date(row.started_at) },
    { name: 'ms', of: (row) => row.duration_ms && Math.round(row.duration_ms), numeric: true },
    { name: 'status', of: (row) => row.status_code, numeric: true },
    { name: 'error', of: (row) => row.error },
    { name: 'answer', of: (row) => row.response_body?.slice(0, 60) ?? null },
  ]);
  return `${formatRecord(delivery)}\n\n${attempts}`;
}
