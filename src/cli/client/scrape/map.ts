import type { Command } from 'commander';
import { each, oneOf, wholeNumber } from '../../arguments.ts';
import { CliError } from '../../failure.ts';
import { tell } from '../../invocation.ts';
import { print } from '../../output.ts';
import { printable } from '../../terminal.ts';
import type { Page } from '../answers.ts';
import { connect, type Connection } from '../api.ts';
import { clientCommand } from '../command.ts';

interface Options extends Connection {
  search?: string;
  maxUrls?: number;
  sitemap?: 'include' | 'only' | 'skip';
  include?: string[];
  exclude?: string[];
}

/** `map`: the URLs of a site, now. */
export function addMap(program: Command): void {
  clientCommand(program, 'map <start>', 'print the URLs of a site, one per line')
    .option('--search <words>', 'only URLs that have each word, in the URL or the title')
    .option('--max-urls <n>', 'maximum number of URLs (default: 5000)', wholeNumber(1, 100_000))
    .option('--sitemap <how>', 'include, only, skip (default: include)', oneOf('include', 'only', 'skip'))
    .option('--include <pattern>', 'only paths like this, such as /docs; may be repeated', each)
    .option('--exclude <pattern>', 'no paths like this; may be repeated', each)
    .action(async (url: string, options: Options, command: Command) => {
      const { search, maxUrls: max_urls, sitemap, include, exclude } = options;
      const body = { url, search, max_urls, sitemap, include_paths: include, exclude_paths: exclude };
      const map = await connect(command).post<Page>('/v1/map', body);
      if (map.status !== 'ok') {
        const { code = 'internal_error', message = '' } = map.error ?? {};
        throw new CliError(`${url}: ${message}`, { details: { code } });
      }
      const urls = map.urls ?? [];
      if (map.complete === false) tell(command, '(there are more)');
      print(command, map, printable(urls.map((found) => found.url).join('\n')));
    });
}
