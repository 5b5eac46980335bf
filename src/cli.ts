import { Command, CommanderError } from 'commander';
import { addDeliveries } from './cli/client/deliveries.ts';
import { addJobs } from './cli/client/jobs.ts';
import { addListen } from './cli/client/listen/listen.ts';
import { addMe } from './cli/client/me.ts';
import { addQueue } from './cli/client/scrape/queue.ts';
import { addScrape } from './cli/client/scrape/scrape.ts';
import { addVerify } from './cli/client/listen/verify.ts';
import { addDoctor } from './cli/doctor.ts';
import { EXIT, explain } from './cli/failure.ts';
import { addAccounts } from './cli/operator/accounts.ts';
import { addKeys } from './cli/operator/keys.ts';
import { addMigrate } from './cli/operator/migrate.ts';
import { addSecrets } from './cli/operator/secrets.ts';
import { addSql } from './cli/operator/sql.ts';

const EXIT_CODES = `
Exit codes: 0 done; 1 it failed; 2 the command or the configuration is wrong; 3 the service cannot be reached
or cannot answer right now; 4 the service does not take the key.`;

/** Asked for anywhere on the line, and before the line is known to be right: what is wrong with it is told in JSON too. */
const json = process.argv.includes('--json');

const program = new Command('ollagraph')
  .description('Scrape pages, receive callbacks, and run Ollagraph.')
  .option('--json', 'print JSON')
  .addHelpText('after', EXIT_CODES)
  .configureHelp({ showGlobalOptions: true })
  .configureOutput(json ? { writeErr: () => undefined } : {})
  .showHelpAfterError('(see --help)')
  .exitOverride();

program.commandsGroup('For callers, over HTTP (OLLAGRAPH_URL, OLLAGRAPH_API_KEY):');
for (const add of [addScrape, addQueue, addJobs, addDeliveries, addListen, addVerify, addMe]) add(program);
program.commandsGroup(
  'For operators, on DATABASE_URL or the embedded database, beside a running service too:',
);
for (const add of [addMigrate, addAccounts, addKeys, addSecrets, addSql]) add(program);
program.commandsGroup('For both:');
addDoctor(program);

// Whoever reads may have read enough (`pages … | head`): then there is nobody left to tell.
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
    if (json) console.error(JSON.stringify({ error: message, ...details }));
    // Commander has said what is wrong with the line.
    else if (!(error instanceof CommanderError)) console.error(`error: ${message}`);
  }
}
