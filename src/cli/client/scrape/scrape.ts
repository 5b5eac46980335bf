import type { Command } from 'commander';
import { FORMATS, type Format } from '../../../scrape/types.ts';
import { oneOf, wholeNumber } from '../../arguments.ts';
import { CliError } from '../../failure.ts';
import { tell } from '../../invocation.ts';
import { print, wantsJson } from '../../output.ts';
import { printable } from '../../terminal.ts';
import type { Page } from '../answers.ts';
import { connect, type Connection } from '../api.ts';
import { clientCommand } from '../command.ts';
import { addPageOptions, pageFields, type PageOptions } from './page-options.ts';
import { saveFiles } from './save-files.ts';

interface Options extends Connection, PageOptions {
  format: Format;
  fullPage?: true;
  timeout?: number;
  save?: string;
}

/** `scrape`: one page, now. */
export function addScrape(program: Command): void {
  const described = 'print one page, as Markdown unless you say otherwise';
  addPageOptions(clientCommand(program, 'scrape <page>', described))
    .option('--format <format>', FORMATS.join(', '), oneOf(...FORMATS), 'markdown')
    .option('--full-page', 'navigation, footers and the like too')
    .option('--save <folder>', 'where screenshots and PDFs are saved; without it, their addresses are named')
    .option('--timeout <ms>', 'for the page (default: 20000)', wholeNumber(100, 25_000))
    .action(async (url: string, options: Options, command: Command) => {
      const { format, fullPage, timeout: timeout_ms, save } = options;
      const only_main_content = fullPage === undefined;
      const api = connect(command);
      const body = { url, format, only_main_content, timeout_ms, ...(await pageFields(options)) };
      const page = await api.post<Page>('/v1/scrape', body);
      if (page.status !== 'ok') {
        const { code = 'internal_error', message = '' } = page.error ?? {};
        throw new CliError(`${url}: ${message}`, { details: { code } });
      }
      if (page.http_status !== null && page.http_status >= 400)
        tell(command, `(answered ${page.http_status})`);
      if (page.block) tell(command, printable(`(a block page: ${page.block.kind}, ${page.block.evidence})`));
      const say = (line: string) => {
        if (!wantsJson(command)) tell(command, line);
      };
      await saveFiles(api, page, { folder: save, say });
      print(command, page, printable(contentOf(page, format)));
    });
}

function contentOf(page: Page, format: Format): string {
  const content = page[format] ?? '';
  if (typeof content === 'string') return content;
  return format === 'links' ? (page.links ?? []).join('\n') : JSON.stringify(content, null, 2);
}
