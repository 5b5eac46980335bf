import { Command, CommanderError } from 'commander';
import { addAccount } from './client/account.ts';
import { addDeliveries } from './client/deliveries.ts';
import { addEndpoints } from './client/endpoints.ts';
import { addJobs } from './client/jobs.ts';
import { addListen } from './client/listen/listen.ts';
import { addMcp } from './client/mcp.ts';
import { addMap } from './client/scrape/map.ts';
import { addQueue } from './client/scrape/queue.ts';
import { addSchedules } from './client/schedules/schedules.ts';
import { addScrape } from './client/scrape/scrape.ts';
import { addVerify } from './client/listen/verify.ts';
import { addWebhooks } from './client/webhooks.ts';
import { EXIT, explain } from './failure.ts';
import { setInvocation, tell, type Invocation } from './invocation.ts';
import { printable, toJson } from './terminal.ts';
import { VERSION } from '../version.ts';

const EXIT_CODES = `
Exit codes: 0 done; 1 it failed; 2 the command or the configuration is wrong; 3 the service cannot be reached
or cannot answer right now; 4 the service does not take the key.`;

/**
 * Runs one command line to its end, and returns its exit code. What fails is said on standard
 * error; nothing is thrown.
 */
export async function runCommandLine(invocation: Invocation): Promise<number> {
  const { args, stdout, stderr } = invocation;
  /** Read before the line is parsed: an error in it is printed as JSON too. */
  const json = args.includes('--json');
  const program = new Command('ollagraph')
    .description('Scrape pages, receive callbacks, and run Ollagraph.')
    .option('--json', 'print JSON')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => {
        if (!json) stderr.write(text);
      },
    })
    .showHelpAfterError('(see --help)')
    .exitOverride();
  setInvocation(program, invocation);
  try {
    await addCommands(program, args);
    await program.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const { exitCode, message, details } = explain(error);
    if (exitCode === EXIT.done) return exitCode;
    if (json) tell(program, toJson({ error: message, ...details }));
    // Commander has said what is wrong with the line.
    else if (!(error instanceof CommanderError)) tell(program, printable(`error: ${message}`));
    return exitCode;
  }
}

async function addCommands(program: Command, args: string[]): Promise<void> {
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
  const asked = args.find((word) => !word.startsWith('-'));
  if (!program.commands.some((command) => command.name() === asked))
    (await import('./operator/index.ts')).addOperatorCommands(program);
}
