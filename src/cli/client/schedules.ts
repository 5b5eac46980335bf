import type { Command } from 'commander';
import { DELIVER_MODES, WEBHOOK_PAYLOADS } from '../../database/enumerations.ts';
import { FORMATS, type Format } from '../../scrape/types.ts';
import { label, moment, oneOf, wholeNumber } from '../arguments.ts';
import { formatRecord, print, printList } from '../output.ts';
import type { Schedule, ScheduleRun, ScheduleSummary, StartedRun } from './answers.ts';
import { connect, type Connection } from './api.ts';
import { clientCommand } from './command.ts';
import { take } from './take.ts';

interface NewScheduleOptions extends Connection {
  kind: 'scrape' | 'crawl';
  cron?: string;
  every?: number;
  timezone?: string;
  deliver: (typeof DELIVER_MODES)[number];
  diff?: true;
  until?: Date;
  heartbeatDays?: number;
  format?: Format;
  maxPages?: number;
  webhookUrl?: string;
  webhookPayload?: (typeof WEBHOOK_PAYLOADS)[number];
}

const pathOf = (id: string) => `/v1/schedules/${encodeURIComponent(id)}`;

/** `schedules list|create|show|run|pause|resume|delete|runs`. */
export function addSchedules(program: Command): void {
  const schedules = program.command('schedules').description('jobs that run again and again');
  addList(schedules);
  addCreate(schedules);
  addChanges(schedules);

  clientCommand(schedules, 'show <schedule_id>', 'one schedule, with its latest run').action(
    async (id: string, options: Connection, command: Command) => {
      const schedule = await connect(command).get<Schedule>(pathOf(id));
      print(command, schedule, formatRecord(schedule));
    },
  );

  clientCommand(schedules, 'run <schedule_id>', 'run one now').action(
    async (id: string, options: Connection, command: Command) => {
      const started = await connect(command).post<StartedRun>(`${pathOf(id)}/run`);
      print(command, started, started.job_id);
    },
  );

  clientCommand(schedules, 'runs <schedule_id>', 'its runs, the latest first, with what has changed')
    .option('--limit <n>', 'maximum number of runs', wholeNumber(1, 100_000), 20)
    .action(async (id: string, { limit }: Connection & { limit: number }, command: Command) => {
      const runs = connect(command).list<ScheduleRun>(`${pathOf(id)}/runs`, { limit: Math.min(limit, 100) });
      printList(command, await take(runs, limit), [
        { name: 'run', of: (run) => run.run, numeric: true },
        { name: 'status', of: (run) => run.status },
        { name: 'added', of: (run) => run.changes?.added ?? null, numeric: true },
        { name: 'changed', of: (run) => run.changes?.changed ?? null, numeric: true },
        { name: 'removed', of: (run) => run.changes?.removed ?? null, numeric: true },
        { name: 'unchanged', of: (run) => run.changes?.unchanged ?? null, numeric: true },
        { name: 'job', of: (run) => run.job_id ?? run.skip_reason },
        { name: 'started_at', of: (run) => new Date(run.started_at) },
      ]);
    });
}

function addList(schedules: Command): void {
  clientCommand(schedules, 'list', 'your schedules, newest first').action(
    async (options: Connection, command: Command) => {
      const found = await Array.fromAsync(connect(command).list<ScheduleSummary>('/v1/schedules'));
      printList(command, found, [
        { name: 'schedule', of: (row) => row.schedule_id },
        { name: 'name', of: (row) => row.name },
        { name: 'status', of: (row) => row.pause_reason ?? row.status },
        { name: 'when', of: (row) => row.cron ?? `every ${row.every_seconds} s` },
        { name: 'url', of: (row) => row.url },
        { name: 'last', of: (row) => row.last_run && (row.last_run.skip_reason ?? row.last_run.status) },
        { name: 'next_run_at', of: (row) => (row.next_run_at === null ? null : new Date(row.next_run_at)) },
      ]);
    },
  );
}

function addCreate(schedules: Command): void {
  clientCommand(schedules, 'create <name> <url>', 'scrape a page, or crawl a site, again and again')
    .option('--kind <kind>', 'scrape, crawl', oneOf('scrape', 'crawl'), 'scrape')
    .option('--cron <expression>', 'when, in five fields: "0 6 * * 1-5"')
    .option('--every <seconds>', 'when, as an interval instead', wholeNumber(1, 31_622_400))
    .option('--timezone <name>', 'of --cron (default: UTC)')
    .option('--deliver <when>', DELIVER_MODES.join(', '), oneOf(...DELIVER_MODES), 'changes')
    .option('--diff', 'with a unified diff of each changed page')
    .option('--until <time>', 'no run later than this', moment)
    .option('--heartbeat-days <n>', 'deliver all the same after so many days', wholeNumber(1, 365))
    .option('--format <format>', FORMATS.join(', '), oneOf(...FORMATS))
    .option('--max-pages <n>', 'of a crawl (default: 100)', wholeNumber(1, 100_000))
    .option('--webhook-url <url>', 'the receiver of the callbacks')
    .option(
      '--webhook-payload <form>',
      `what it carries: ${WEBHOOK_PAYLOADS.join(', ')} (default: full)`,
      oneOf(...WEBHOOK_PAYLOADS),
    )
    .action(async (name: string, url: string, options: NewScheduleOptions, command: Command) => {
      const schedule = await connect(command).post<Schedule>('/v1/schedules', bodyOf(name, url, options));
      print(command, schedule, schedule.schedule_id);
    });
}

function bodyOf(name: string, url: string, options: NewScheduleOptions): object {
  const { kind, cron, every, timezone, deliver, diff, until, heartbeatDays } = options;
  return {
    name: label(name),
    cron,
    every_seconds: every,
    timezone,
    deliver,
    diff,
    until: until?.toISOString(),
    heartbeat_days: heartbeatDays,
    job: {
      kind,
      url,
      format: options.format,
      max_pages: options.maxPages,
      webhook_url: options.webhookUrl,
      webhook_payload: options.webhookPayload,
    },
  };
}

function addChanges(schedules: Command): void {
  for (const [name, description, done] of [
    ['pause', 'hold one until it is resumed', 'is paused'],
    ['resume', 'let one run again, with this key', 'is active'],
  ] as const) {
    clientCommand(schedules, `${name} <schedule_id>`, description).action(
      async (id: string, options: Connection, command: Command) => {
        const schedule = await connect(command).post<Schedule>(`${pathOf(id)}/${name}`);
        print(command, schedule, `${schedule.schedule_id} ${done}.`);
      },
    );
  }

  clientCommand(schedules, 'delete <schedule_id>', 'delete one, with its runs; the jobs stay').action(
    async (id: string, options: Connection, command: Command) => {
      await connect(command).delete(pathOf(id));
      print(command, { schedule_id: id, deleted: true }, `${id} is deleted.`);
    },
  );
}
