import type { Command } from 'commander';
import { WEBHOOK_PAYLOADS } from '../../../database/enumerations.ts';
import { FORMATS, type Format } from '../../../scrape/types.ts';
import { each, oneOf, wholeNumber } from '../../arguments.ts';
import { CliError } from '../../failure.ts';
import { invocationOf, tell } from '../../invocation.ts';
import { print, wantsJson } from '../../output.ts';
import type { JobSummary } from '../answers.ts';
import { connect, type Api, type Connection } from '../api.ts';
import { clientCommand, commandLine } from '../command.ts';
import { followJob } from './follow.ts';
import { addPageOptions, pageFields, type PageOptions } from './page-options.ts';
import { createProgress, pages } from './progress.ts';
import { readUrls } from './url-list.ts';

/** The exit code of a command that Ctrl-C ended, as shells report it. */
const INTERRUPTED = 130;

interface QueueOptions extends Connection, PageOptions {
  format: Format;
  webhookUrl?: string;
  webhookPayload?: (typeof WEBHOOK_PAYLOADS)[number];
  finishWithin?: number;
  maxConcurrency?: number;
  session?: true;
}

interface CrawlOptions extends QueueOptions {
  maxPages?: number;
  maxDepth?: number;
  include?: string[];
  exclude?: string[];
  wait: boolean;
}

/** `batch` and `crawl`: queue a job, and follow it to its end. */
export function addQueue(program: Command): void {
  queueCommand(
    program,
    'batch <file>',
    'queue the URLs of a file, one per line (-: standard input); # starts a comment',
  )
    .option('--wait', 'follow the job to its end')
    .action(async (file: string, options: QueueOptions & { wait?: true }, command: Command) => {
      const urls = await readUrls(file, command);
      await queue('/v1/scrape/batch/async', { urls }, options, command);
    });

  queueCommand(program, 'crawl <start>', 'crawl a site from this URL, and show the progress')
    .option('--max-pages <n>', 'maximum number of pages (default: 100)', wholeNumber(1, 100_000))
    .option('--max-depth <n>', 'maximum number of links from the start', wholeNumber(0, 1000))
    .option('--include <pattern>', 'only paths like this, such as /docs; may be repeated', each)
    .option('--exclude <pattern>', 'no paths like this; may be repeated', each)
    .option('--no-wait', 'only queue it')
    .action(async (url: string, options: CrawlOptions, command: Command) => {
      const {
        maxPages: max_pages,
        maxDepth: max_depth,
        include: include_paths,
        exclude: exclude_paths,
      } = options;
      const body = { url, max_pages, max_depth, include_paths, exclude_paths };
      const job = await queue('/v1/crawl', body, options, command);
      if (job && include_paths && hasOnlyItsStart(job)) tell(command, nothingIncluded(include_paths));
    });
}

function queueCommand(program: Command, nameAndArguments: string, description: string): Command {
  return addPageOptions(clientCommand(program, nameAndArguments, description))
    .option('--format <format>', FORMATS.join(', '), oneOf(...FORMATS), 'markdown')
    .option('--session', 'cookies that sites set go back to them for as long as the job runs')
    .option('--webhook-url <url>', 'the receiver of the callback')
    .option(
      '--webhook-payload <form>',
      `what it carries: ${WEBHOOK_PAYLOADS.join(', ')} (default: full)`,
      oneOf(...WEBHOOK_PAYLOADS),
    )
    .option('--finish-within <seconds>', 'end by then, with what is done', wholeNumber(1, 604_800))
    .option('--max-concurrency <n>', 'maximum number of fetches at once', wholeNumber(1, 100));
}

async function queue(
  path: string,
  body: object,
  options: QueueOptions & { wait?: boolean },
  command: Command,
): Promise<JobSummary | null> {
  const api = connect(command);
  const queued = await api.post<{ job_id: string }>(path, {
    ...body,
    ...(await pageFields(options)),
    format: options.format,
    session: options.session && 'job',
    webhook_url: options.webhookUrl,
    webhook_payload: options.webhookPayload,
    finish_within: options.finishWithin,
    max_concurrency: options.maxConcurrency,
  });
  if (options.wait === true) return await watch(api, queued.job_id, command);
  print(command, queued, queued.job_id);
  return null;
}

/** Follows a job on the terminal to its end. Throws CliError where it did not complete. */
async function watch(api: Api, jobId: string, command: Command): Promise<JobSummary> {
  const progress = createProgress(invocationOf(command).stdout);
  const json = wantsJson(command);
  const leave = () => {
    progress.end();
    tell(command, `${jobId} keeps running. To stop it: ${commandLine(`cancel ${jobId}`)}`);
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', leave);
  const job = await followJob(api, jobId, (state) => {
    if (!json) progress.show(state);
  }).finally(() => {
    progress.end();
    process.off('SIGINT', leave);
  });
  print(command, job, summary(job));
  if (job.status !== 'completed')
    throw new CliError(`The job ${job.status === 'failed' ? 'failed' : 'was cancelled'}.`);
  return job;
}

const hasOnlyItsStart = ({ total, succeeded }: JobSummary) => total === 1 && succeeded === 1;

const nothingIncluded = (patterns: string[]) =>
  `Only the start was crawled: it has no link that --include ${patterns.join(', --include ')} matches. ` +
  'A pattern is compared with the whole path: /docs matches /docs and what is below it.';

function summary({ job_id, status, succeeded, total }: JobSummary): string {
  const what = succeeded === 0 ? 'See why' : 'Read them';
  return (
    `${job_id} ${status}: ${succeeded} of ${pages(total)} came back. ${what}: ` +
    commandLine(`pages ${job_id}`)
  );
}
