import { readFile } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { each, renderWhen } from '../../arguments.ts';
import { CliError, EXIT } from '../../failure.ts';

/** The options of how pages are fetched and rendered, which all commands that scrape have. */
export interface PageOptions {
  fields?: string;
  proxy?: string;
  cookie?: string[];
  render?: true | 'auto';
  waitFor?: WaitFor;
  viewport?: { width: number; height: number };
  mobile?: true;
  locale?: string;
  timezone?: string;
  screenshot?: true;
  pdf?: true;
}

type WaitFor = 'network_idle' | { selector: string } | { ms: number };

/** Adds the options to a command. */
export function addPageOptions(command: Command): Command {
  return command
    .option('--fields <file>', 'values to read, as JSON in a file')
    .option('--proxy <way>', 'none, pool, or the URL of a proxy of your own')
    .option('--cookie <name=value>', 'sent to the host of the page; may be repeated', each)
    .option('--render <when>', 'in a browser: always, auto (where a page says nothing without)', renderWhen)
    .option('--wait-for <what>', 'a CSS selector, milliseconds, or network_idle, before reading *', waitFor)
    .option('--viewport <size>', 'of the window, like 1280x800 *', viewport)
    .option('--mobile', 'as a phone does *')
    .option('--locale <tag>', 'of the browser, like de-AT *')
    .option('--timezone <name>', 'of the browser, like Europe/Vienna *')
    .option('--screenshot', 'a picture of the window, as a file of the job *')
    .option('--pdf', 'the page in print, as a file of the job *')
    .addHelpText('after', '\n*: implies --render always');
}

/**
 * The fields of a request that the options stand for. Throws CliError for a file that cannot be
 * read.
 */
export async function pageFields(options: PageOptions): Promise<object> {
  const { mobile, locale, timezone, screenshot, pdf, viewport: size, waitFor: wait_for } = options;
  const rendering = { wait_for, viewport: size, mobile, locale, timezone, screenshot, pdf };
  const isRendered = Object.values(rendering).some((value) => value !== undefined);
  return {
    ...rendering,
    render: options.render ?? (isRendered || undefined),
    fields: options.fields === undefined ? undefined : await readFields(options.fields),
    proxy: options.proxy?.includes('://') === true ? { url: options.proxy } : options.proxy,
    cookies: options.cookie?.map(cookieOf),
  };
}

async function readFields(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new CliError('The file of the fields cannot be read', { exitCode: EXIT.usage, cause });
  }
}

function cookieOf(pair: string): { name: string; value: string } {
  const at = pair.indexOf('=');
  if (at < 1) throw new CliError('--cookie must be like name=value.', { exitCode: EXIT.usage });
  return { name: pair.slice(0, at), value: pair.slice(at + 1) };
}

function waitFor(text: string): WaitFor {
  if (text === 'network_idle') return text;
  return /^\d+$/.test(text) ? { ms: Number(text) } : { selector: text };
}

function viewport(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (width === undefined) throw new InvalidArgumentError('It must be like 1280x800.');
  return { width: Number(width), height: Number(height) };
}
