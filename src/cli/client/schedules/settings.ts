import type { Command } from 'commander';
import { DELIVER_MODES, WEBHOOK_PAYLOADS } from '../../../database/enumerations.ts';
import { FORMATS, type Format } from '../../../scrape/types.ts';
import { label, oneOf, momentToCome, wholeNumber } from '../../arguments.ts';
import { CliError, EXIT } from '../../failure.ts';
import { print } from '../../output.ts';
import type { Schedule } from '../answers.ts';
import { connect, type Connection } from '../api.ts';
import { clientCommand } from '../command.ts';
import { readUrls } from '../scrape/url-list.ts';

interface SettingsOptions extends Connection {
  cron?: string;
  every?: number;
  timezone?: string;
  deliver?: (typeof DELIVER_MODES)[number];
  diff?: boolean;
  until?: Date;
  heartbeatDays?: number;
}

interface NewScheduleOptions extends SettingsOptions {
  kind?: 'scrape' | 'crawl';
  file?: string;
  format?: Format;
  maxPages?: number;
  webhookUrl?: string;
  webhookPayload?: (typeof WEBHOOK_PAYLOADS)[number];
}

/** `schedules create` and `schedules change`. */
export function addCreateAndChange(schedules: Command): void {
  const create = 'scrape a page, or the URLs of a file, or crawl a site, again and again';
  settingsCommand(schedules, 'create <name> [url]', create)
    .option('--diff', 'with a unified diff of each changed page')
    .option('--kind <kind>', 'what to do with the URL: scrape, crawl', oneOf('scrape', 'crawl'))
    .option('--file <file>', 'a list instead of a URL, one per line (-: standard input); # starts a comment')
    .option('--format <format>', FORMATS.join(', '), oneOf(...FORMATS))
    .option('--max-pages <n>', 'of a crawl (default: 100)', wholeNumber(1, 100_000))
    .option('--webhook-url <url>', 'the receiver of the callbacks')
    .option(
      '--webhook-payload <form>',
      `what it carries: ${WEBHOOK_PAYLOADS.join(', ')} (default: full)`,
      oneOf(...WEBHOOK_PAYLOADS),
    )
    .action(async (name: string, url: string | undefined, options: NewScheduleOptions, command: Command) => {
      const settings = { deliver: 'changes', ...settingsOf(options) };
      const body = { name: label(name), ...settings, job: await jobOf(url, options, command) };
      const schedule = await connect(command).post<Schedule>('/v1/schedules', body);
      print(command, schedule, schedule.schedule_id);
    });

  settingsCommand(schedules, 'change <schedule_id>', 'change when one runs, or what it delivers')
    .option('--name <name>', 'for people', label)
    .option('--diff', 'with a unified diff of each changed page')
    .option('--no-diff', 'without')
    .action(async (id: string, options: SettingsOptions & { name?: string }, command: Command) => {
      const body = { name: options.name, ...settingsOf(options) };
      const path = `/v1/schedules/${encodeURIComponent(id)}`;
      const schedule = await connect(command).patch<Schedule>(path, body);
      print(command, schedule, `${schedule.schedule_id} is changed.`);
    });
}

function settingsCommand(schedules: Command, nameAndArguments: string, description: string): Command {
  return clientCommand(schedules, nameAndArguments, description)
    .option('--cron <expression>', 'when, in five fields: "0 6 * * 1-5"')
    .option('--every <seconds>', 'when, as an interval instead', wholeNumber(1, 31_622_400))
    .option('--timezone <name>', 'of --cron (default: UTC)')
    .option('--deliver <when>', `${DELIVER_MODES.join(', ')} (default: changes)`, oneOf(...DELIVER_MODES))
    .option('--until <time>', 'no run later than this time (or from now on: 90d)', momentToCome)
    .option('--heartbeat-days <n>', 'deliver all the same after so many days', wholeNumber(1, 365));
}

/** What is not given is left out. */
function settingsOf({ cron, every, timezone, deliver, diff, until, heartbeatDays }: SettingsOptions): object {
  const settings = {
    cron,
    every_seconds: every,
    timezone,
    deliver,
    diff,
    until: until?.toISOString(),
    heartbeat_days: heartbeatDays,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

async function jobOf(
  url: string | undefined,
  options: NewScheduleOptions,
  command: Command,
): Promise<object> {
  const { kind, file, format, maxPages, webhookUrl, webhookPayload } = options;
  if ((url === undefined) === (file === undefined))
    throw new CliError('Give a URL, or a list with --file.', { exitCode: EXIT.usage });
  if (file !== undefined && kind !== undefined)
    throw new CliError('--kind is for a URL, not for a list.', { exitCode: EXIT.usage });
  const target =
    file === undefined
      ? { kind: kind ?? 'scrape', url }
      : { kind: 'batch', urls: await readUrls(file, command) };
  return {
    ...target,
    format,
    max_pages: maxPages,
    webhook_url: webhookUrl,
    webhook_payload: webhookPayload,
  };
}
