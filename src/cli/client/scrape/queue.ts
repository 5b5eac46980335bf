import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { FORMATS, type Format } from '../../../scrape/types.ts';
import { each, oneOf, wholeNumber } from '../../arguments.ts';
import { CliError, EXIT } from '../../failure.ts';
import { print, wantsJson } from '../../output.ts';
import { clean } from '../../table.ts';
import type { JobSummary } from '../answers.ts';
import { connect, type Api, type Connection } from '../api.ts';
import { clientCommand, commandLine } from '../command.ts';
import { followJob } from './follow.ts';
import { createProgress, pages } from './progress.ts';

/** The exit code of a shell's command that Ctrl-C ended. */
const INTERRUPTED = 130;

interface QueueOptions extends Connection {
  format: Format;
  webhookUrl?: string;
}

interface CrawlOptions extends QueueOptions {
  maxPages?: number;
  maxDepth?: number;
  include?: string[];
  exclude?: string[];
  wait: boolean;
}

/** `batch` and `crawl`: what is queued, and followed to its end. */
export function addQueue(program: Command): void {
  queueCommand(
    program,
    'batch <file>',
    'queue the URLs of a file, one a line (-: standard input); # begins a comment',
  )
    .option('--wait', 'follow the job to its end')
    .action(async (file: string, options: QueueOptions & { wait?: true }, command: Command) => {
      const urls = parseList(await readInput(file), file === '-' ? 'standard input' : file);
      await queue('/v1/scrape/batch/async', { urls }, options, command);
    });

  queueCommand(program, 'crawl <start>', 'crawl a site from this URL, and show how far it is')
    .option('--max-pages <n>', 'at most so many (default: 100)', wholeNumber(1, 100_000))
    .option('--max-depth <n>', 'at most so many links from the start', wholeNumber(0, 1000))
    .option('--include <pattern>', 'only paths like this; may be repeated', each)
    .option('--exclude <pattern>', 'no paths like this; may be repeated', each)
    .option('--no-wait', 'only queue it')
    .action(async (url: string, options: CrawlOptions, command: Command) => {
      const {
        maxPages: max_pages,
        maxDepth: max_depth,
        include: include_paths,
        exclude: exclude_paths,
      } = options;
      await queue('/v1/crawl', { url, max_pages, max_depth, include_paths, exclude_paths }, options, command);
    });
}

function queueCommand(program: Command, nameAndArguments: string, description: string): Command {
  return clientCommand(program, nameAndArguments, description)
    .option('--format <format>', FORMATS.join(', '), oneOf(...FORMATS), 'markdown')
    .option('--webhook-url <url>', 'where the callback goes');
}

async function readInput(file: string): Promise<string> {
  if (file === '-') return await readAll(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CliError('The file cannot be read', { exitCode: EXIT.usage, cause });
  }
}

/** The URLs in a text, one a line. Throws CliError that names the line where one is none, and where there is none at all. */
function parseList(text: string, name: string): string[] {
  const lines = text.split('\n').map((line, n) => ({ url: line.trim(), number: n + 1 }));
  const given = lines.filter(({ url }) => url !== '' && !url.startsWith('#'));
  const wrong = given.find(({ url }) => !/^https?:\/\//i.test(url) || !URL.canParse(url));
  if (wrong) {
    const shown = clean(wrong.url).slice(0, 80);
    throw new CliError(`${name}, line ${wrong.number}: not an http:// or https:// URL: ${shown}`, {
      exitCode: EXIT.usage,
    });
  }
  if (given.length === 0) throw new CliError(`There are no URLs in ${name}.`, { exitCode: EXIT.usage });
  return given.map(({ url }) => url);
}

async function queue(
  path: string,
  body: object,
  { format, webhookUrl: webhook_url, ...options }: QueueOptions & { wait?: boolean },
  command: Command,
): Promise<void> {
  const api = connect(options);
  const queued = await api.post<{ job_id: string }>(path, { ...body, format, webhook_url });
  if (options.wait === true) await watch(api, queued.job_id, command);
  else print(command, queued, queued.job_id);
}

/** Follows a job on the terminal. Throws CliError where it did not complete. */
async function watch(api: Api, jobId: string, command: Command): Promise<void> {
  const progress = createProgress(process.stdout);
  const json = wantsJson(command);
  const leave = () => {
    progress.end();
    console.error(`${jobId} goes on without you. To stop it: ${commandLine(`cancel ${jobId}`)}`);
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
}

function summary({ job_id, status, succeeded, total }: JobSummary): string {
  const what = succeeded === 0 ? 'See why' : 'Read them';
  return `${job_id} ${status}: ${succeeded} of ${pages(total)} came back. ${what}: ${commandLine(`pages ${job_id}`)}`;
}
