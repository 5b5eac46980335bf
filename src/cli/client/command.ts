import type { Command } from 'commander';
import { apiKey, webUrl } from '../arguments.ts';

/** A command as it is typed, for people to copy. */
export const commandLine = (command: string) => `npm run -s ollagraph -- ${command}`;

/** A command that calls the service over HTTP, with the options that say which one and as whom. */
export function clientCommand(program: Command, nameAndArguments: string, description: string): Command {
  return program
    .command(nameAndArguments)
    .description(description)
    .option(
      '--service <url>',
      'where the service is (default: OLLAGRAPH_URL, or http://localhost:PORT)',
      webUrl,
    )
    .option('--key <key>', 'your API key (default: OLLAGRAPH_API_KEY)', apiKey);
}
