import type { Command } from 'commander';
import { apiKey, webUrl } from '../arguments.ts';

/** A command for people to copy. */
export const commandLine = (command: string) => `npx ollagraph ${command}`;

/** A command that calls the service over HTTP, with the options for its address and the key. */
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
