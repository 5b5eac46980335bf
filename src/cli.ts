import { Command, CommanderError } from 'commander';
import { addAccount } from './cli/client/account.ts';
import { addDeliveries } from './cli/client/deliveries.ts';
import { addEndpoints } from './cli/client/endpoints.ts';
import { addJobs } from './cli/client/jobs.ts';
import { addListen } from './cli/client/listen/listen.ts';
import { addMcp } from './cli/client/mcp.ts';
import { addMap } from './cli/client/scrape/map.ts';
import { addQueue } from './cli/client/scrape/queue.ts';
import { addSchedules } from './cli/client/schedules.ts';
import { addScrape } from './cli/client/scrape/scrape.ts';
import { addVerify } from './cli/client/listen/verify.ts';
import { addWebhooks } from './cli/client/webhooks.ts';
import { EXIT, explain } from './cli/failure.ts';
import { printable, toJson } from './cli/terminal.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes: 0 done; 1 it failed; 2 the command or the configuration is wrong; 3 the service cannot be reached
or cannot answer right now; 4 the service does not take the key.`;

/** Read before the line is parsed: an error in it is printed as JSON too. */
const json = process.argv.includes('--json');

const program = new Command('ollagraph')
  .description('Scrape pages, receive callbacks, and run Ollagraph.')
  .option('--json', 'print JSON')
  .version(VERSION, '-V, --version', 'print the version')
  .addHelpText('after', EXIT_CODES)
  .configureHelp({ showGlobalOptions: true })
  .configureOutput(json ? { writeErr: () => undefined } : {})
  .showHelpAfterError('(see --help)')
  .exitOverride();

program.commandsGroup('For callers, over HTTP (OLLAGRAPH_URL, OLLAGRAPH_API_KEY):');
for (const add of [
  addScrape,
  addQueue,
  addMap,
  addJobs,
  addSchedules,
  addDeliveries,
  addEndpoints,
  addWebhooks,
  addListen,
  addVerify,
  addAccount,
  addMcp,
])
  add(program);
// The modules of the other commands take twice as long to load, and are not needed for these.
const asked = process.argv.slice(2).find((word) => !word.startsWith('-'));
if (!program.commands.some((command) => command.name() === asked))
  (await import('./cli/operator/index.ts')).addOperatorCommands(program);

// A reader that has read enough (`pages … | head`) closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  const { exitCode, message, details } = explain(error);
  process.exitCode = exitCode;
  if (exitCode !== EXIT.done) {
    if (json) console.error(toJson({ error: message, ...details }));
    // Commander has said what is wrong with the line.
    else if (!(error instanceof CommanderError)) console.error(printable(`error: ${message}`));
  }
}
