import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { FORMATS, type Format } from '../../../scrape/types.ts';
import { oneOf, renderWhen, wholeNumber } from '../../arguments.ts';
import { CliError, EXIT } from '../../failure.ts';
import { print } from '../../output.ts';
import { printable } from '../../terminal.ts';
import type { Page } from '../answers.ts';
import { connect, type Connection } from '../api.ts';
import { clientCommand } from '../command.ts';

interface Options extends Connection {
  format: Format;
  fields?: string;
  fullPage?: true;
  render?: true | 'auto';
  timeout?: number;
}

/** `scrape`: one page, now. */
export function addScrape(program: Command): void {
  clientCommand(program, 'scrape <page>', 'print one page, as Markdown unless you say otherwise')
    .option('--format <format>', FORMATS.join(', '), oneOf(...FORMATS), 'markdown')
    .option('--fields <file>', 'values to read, as JSON in a file: printed with --format data')
    .option('--full-page', 'navigation, footers and the like too')
    .option('--render <when>', 'in a browser: always, auto (where it says nothing without)', renderWhen)
    .option('--timeout <ms>', 'for the page (default: 20000)', wholeNumber(100, 25_000))
    .action(async (url: string, options: Options, command: Command) => {
      const { format, fullPage, render, timeout: timeout_ms } = options;
      const only_main_content = fullPage === undefined;
      const fields = options.fields === undefined ? undefined : await readFields(options.fields);
      const page = await connect(options).post<Page>('/v1/scrape', {
        url,
        format,
        fields,
        only_main_content,
        render,
        timeout_ms,
      });
      if (page.status !== 'ok') {
        const { code = 'internal_error', message = '' } = page.error ?? {};
        throw new CliError(`${url}: ${message}`, { details: { code } });
      }
      if (page.http_status !== null && page.http_status >= 400)
        console.error(`(answered ${page.http_status})`);
      if (page.block) console.error(printable(`(a block page: ${page.block.kind}, ${page.block.evidence})`));
      print(command, page, printable(contentOf(page, format)));
    });
}

async function readFields(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new CliError('The file of the fields cannot be read', { exitCode: EXIT.usage, cause });
  }
}

function contentOf(page: Page, format: Format): string {
  const content = page[format] ?? '';
  if (typeof content === 'string') return content;
  return format === 'links' ? (page.links ?? []).join('\n') : JSON.stringify(content, null, 2);
}
