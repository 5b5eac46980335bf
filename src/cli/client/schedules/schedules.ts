import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import { formatRecord, print, printList } from '../../output.ts';
import type { Schedule, ScheduleRun, ScheduleSummary, StartedRun } from '../answers.ts';
import { connect, type Connection } from '../api.ts';
import { clientCommand } from '../command.ts';
import { take } from '../take.ts';
import { addCreateAndChange } from './settings.ts';

const pathOf = (id: string) => `/v1/schedules/${encodeURIComponent(id)}`;

/** `schedules list|create|change|show|run|pause|resume|delete|runs`. */
export function addSchedules(program: Command): void {
  const schedules = program.command('schedules').description('jobs that run again and again');
  addList(schedules);
  addCreateAndChange(schedules);
  addStates(schedules);

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

function addStates(schedules: Command): void {
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
